"""Recalibration against float64 statistics of the data, in every form that data and models have."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from keras_norms.layers import (
    BatchNormalization,
    BatchRenormalization,
    GhostBatchNormalization,
    LpNormalization,
    MeanOnlyBatchNormalization,
    VarianceNormalization,
)
from keras_norms.surgery.recalibrate import recalibrate
from tests.conformance.case import draw
from tests.gradients import array

KINDS = [BatchNormalization, layers.BatchNormalization]
X = draw((23, 4), mean=3.0) * np.array([1, 5, 0.1, 30], "float32")  # uneven: 8 + 8 + 7


def single(layer, shape=(4,), **options):
    return keras.Sequential([keras.Input(shape), layer], **options)


def known(layer):
    """Moving mean and variance, those that there are."""
    names = ("moving_mean", "moving_variance")
    return [array(v.value) for n in names if (v := getattr(layer, n, None)) is not None]


def recalibrated(model, data, **options):
    before = [array(v.value) for v in model.variables]
    new, report = recalibrate(model, data, batch_size=8, verbose=False, **options)
    for old, variable in zip(before, model.variables, strict=True):
        np.testing.assert_array_equal(array(variable.value), old)
    assert not {id(v) for v in model.variables} & {id(v) for v in new.variables}
    return new, report


def population(x):
    x = np.asarray(x, np.float64).reshape(-1, x.shape[-1])
    return x.mean(0), x.var(0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mean", [0.0, 1e4])
def test_the_population_of_all_batches(kind, mean):
    x = draw((23, 3, 4), mean=mean)
    new, report = recalibrated(single(kind(), (3, 4)), x)
    for got, wanted in zip(known(new.layers[0]), population(x), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-5)
    assert report.rows[0]["values"] == 69


@pytest.mark.parametrize("kind", KINDS)
def test_renormalization_trains_on_from_what_was_recalibrated(kind):
    """Its variance is made of a moving deviation at each step, which has to follow."""
    new, _ = recalibrated(single(kind(renorm=True, momentum=1.0)), X)
    new(X, training=True)
    for got, wanted in zip(known(new.layers[0]), population(X), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-4)


@pytest.mark.parametrize("kind", [*KINDS, lambda: BatchNormalization(unbiased=True)])
def test_the_mean_of_batches(kind):
    layer = kind()
    new, _ = recalibrated(single(layer), X, estimator="batch_mean")
    parts = [X[i : i + 8].astype(np.float64) for i in (0, 8, 16)]
    ddof = int(getattr(layer, "unbiased", False))
    mean, variance = known(new.layers[0])
    np.testing.assert_allclose(mean, np.mean([p.mean(0) for p in parts], 0), rtol=1e-5)
    np.testing.assert_allclose(
        variance, np.mean([p.var(0, ddof=ddof) for p in parts], 0), rtol=1e-5
    )


def test_unbiased_and_cumulative():
    model = single(BatchNormalization(momentum=None, unbiased=True))
    new, _ = recalibrated(model, X)
    mean, variance = known(new.layers[0])
    np.testing.assert_allclose(mean, X.astype(np.float64).mean(0), rtol=1e-5)
    np.testing.assert_allclose(variance, X.astype(np.float64).var(0, ddof=1), rtol=1e-5)
    np.testing.assert_array_equal(array(new.layers[0].count.value), 3.0)


@pytest.mark.parametrize("kind", [
    GhostBatchNormalization,
    BatchRenormalization,
    layers.BatchNormalization,
    BatchNormalization,
])  # fmt: skip
def test_a_deep_layer_sees_what_batches_normalized(kind):
    first = {"virtual_batch_size": 3} if kind is GhostBatchNormalization else {}
    model = keras.Sequential(
        [keras.Input((4,)), kind(**first), layers.Dense(3), layers.Dropout(0.9), kind()]
    )
    new, _ = recalibrated(model, X)
    size = 3 if first else 8
    seen = []
    for i in range(0, 23, 8):
        batch = X[i : min(i + 8, 23)].astype(np.float64)
        for j in range(0, len(batch), size):
            part = batch[j : j + size]
            seen.append((part - part.mean(0)) / np.sqrt(part.var(0) + 1e-3))
    dense = model.layers[1]
    seen = np.concatenate(seen) @ array(dense.kernel.value).astype(np.float64)
    for got, wanted in zip(known(new.layers[0]), population(X), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-5)
    for got, wanted in zip(known(new.layers[-1]), population(seen), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("layer", "wanted"), [
    (MeanOnlyBatchNormalization(), lambda x: [x.mean(0)]),
    (VarianceNormalization(), lambda x: [x.var(0)]),
    (LpNormalization(), lambda x: [x.mean(0), (x**2).mean(0)]),
], ids=["mean", "variance", "lp"])  # fmt: skip
def test_other_memories(layer, wanted):
    new, _ = recalibrated(single(layer), X)
    for got, true in zip(known(new.layers[0]), wanted(X.astype(np.float64)), strict=True):
        np.testing.assert_allclose(got, true, rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_masks_and_a_last_batch_of_one(kind):
    x = draw((9, 5, 4), mean=2.0)
    lengths = np.array([5, 3, 2, 4, 1, 3, 5, 5, 2])
    hidden = np.arange(5) >= lengths[:, None]
    x[hidden] = 0.0
    model = keras.Sequential([keras.Input((5, 4)), layers.Masking(), kind()])
    new, _ = recalibrated(model, x)
    for got, wanted in zip(known(new.layers[-1]), population(x[~hidden]), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_last_example_alone_counts_once(kind):
    new, _ = recalibrated(single(kind()), X[:17])
    for got, wanted in zip(known(new.layers[0]), population(X[:17]), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-5)


def sources():
    pairs = [(X[i : i + 8], np.zeros(len(X[i : i + 8]))) for i in (0, 8, 16)]

    class Rows(keras.utils.PyDataset):
        def __len__(self):
            return 3

        def __getitem__(self, index):
            return pairs[index]

    def dataset():
        import tensorflow as tf

        return tf.data.Dataset.from_tensor_slices((X, np.zeros(23))).batch(8)

    def loader():
        torch = pytest.importorskip("torch")
        rows = torch.utils.data.TensorDataset(torch.tensor(X), torch.zeros(23))
        return torch.utils.data.DataLoader(rows, batch_size=8)

    return {
        "array": lambda: X,
        "pair": lambda: (X, np.zeros(23)),
        "weighted": lambda: (X, None, np.ones(23)),
        "tensor": lambda: keras.ops.convert_to_tensor(X),
        "generator": lambda: (pair for pair in pairs),
        "list": lambda: [x for x, _ in pairs],
        "PyDataset": Rows,
        "tf.data": dataset,
        "DataLoader": loader,
    }


@pytest.mark.parametrize("source", sources())
def test_data(source):
    new, _ = recalibrated(single(BatchNormalization()), sources()[source]())
    for got, wanted in zip(known(new.layers[0]), population(X), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-5)


def test_some_batches_of_endless_data():
    def endless():
        while True:
            yield X[:8]

    new, report = recalibrated(single(BatchNormalization()), endless(), batches=3)
    for got, wanted in zip(known(new.layers[0]), population(X[:8]), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-5)
    assert report.rows[0]["values"] == 24
