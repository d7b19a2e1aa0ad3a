"""The audit: distances against float64, warnings, loss before and after, the model untouched."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from keras_norms.layers import BatchNormalization, MeanOnlyBatchNormalization
from keras_norms.surgery.audit import audit
from keras_norms.surgery.recalibrate import recalibrate
from tests.conformance.case import draw
from tests.gradients import array

KINDS = [BatchNormalization, layers.BatchNormalization]
X = draw((40, 4), mean=2.0) * np.array([1, 3, 0.2, 5], "float32")
Y = (X[:, :1] > 2).astype("float32")


def model_of(kind, **given):
    model = keras.Sequential(
        [keras.Input((4,)), kind(name="bn", **given), layers.Dense(1, activation="sigmoid")]
    )
    model.compile(keras.optimizers.SGD(0.01), "binary_crossentropy", metrics=["accuracy"])
    return model


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_distances(kind, frozen):
    model = model_of(kind, trainable=not frozen)
    before = [array(v.value) for v in model.variables]
    report = audit(model, X, batch_size=16, verbose=False)
    x = X.astype(np.float64)
    deviation = np.sqrt(x.var(0) + 1e-3)
    gaps = np.abs(x.mean(0)) / deviation
    logs = np.log(np.sqrt(1 + 1e-3) / deviation)
    row = report["bn"]
    np.testing.assert_allclose(row["mean gap"], np.sqrt(np.mean(gaps**2)), rtol=1e-5)
    np.testing.assert_allclose(row["worst"], gaps.max(), rtol=1e-5)
    np.testing.assert_allclose(row["log ratio"], logs.mean(), rtol=1e-5)
    np.testing.assert_allclose(row["worst ratio"], logs[np.abs(logs).argmax()], rtol=1e-5)
    assert row["far"] is True
    assert "'bn' is far off" in str(report)
    assert "no labels" in str(report)
    for old, variable in zip(before, model.variables, strict=True):
        np.testing.assert_array_equal(array(variable.value), old)
    assert not {"call", "remember"} & set(model.layers[0].__dict__)


@pytest.mark.full
@pytest.mark.parametrize("kind", KINDS)
def test_what_recalibration_brings(kind):
    model = model_of(kind)
    model.fit(X, Y, batch_size=8, epochs=4, verbose=0)
    before = [array(v.value) for v in model.variables]
    now = model.evaluate(X, Y, verbose=0)
    report = audit(model, (X, Y), batch_size=16, verbose=False)
    assert "After 20 steps at momentum 0.99, 82% of its initial values remain" in str(report)
    new, _ = recalibrate(model, (X, Y), batch_size=16, verbose=False)
    then = new.evaluate(X, Y, verbose=0)
    for index, name in enumerate(("loss", "accuracy")):
        row = report[name]
        np.testing.assert_allclose(row["now"], now[index], rtol=1e-5)
        np.testing.assert_allclose(row["recalibrated"], then[index], rtol=1e-5)
    for old, variable in zip(before, model.variables, strict=True):
        np.testing.assert_array_equal(array(variable.value), old)
    again = audit(new, (X, Y), batch_size=16, verbose=False)
    assert again["bn"]["far"] is False
    assert again["bn"]["worst"] < 1e-5
    assert not any("far off" in note for note in again.notes)


def test_data_that_passes_once():
    model = model_of(BatchNormalization)
    batches = [(X[:20], Y[:20]), (X[20:], Y[20:])]
    assert "only once" in str(audit(model, iter(batches), verbose=False))
    report = audit(model, iter(batches), validation=batches, verbose=False)
    np.testing.assert_allclose(report["loss"]["now"], model.evaluate(X, Y, verbose=0)[0], rtol=1e-5)


def test_a_model_that_cannot_be_copied():
    class Opaque(keras.Model):
        def __init__(self, size):
            super().__init__()
            self.inside = [layers.Dense(size), BatchNormalization(name="bn")]

        def call(self, x, training=None):
            return self.inside[1](self.inside[0](x), training=training)

    model = Opaque(3)
    model(X)
    report = audit(model, X, verbose=False)
    assert report["bn"]["values"] == 40
    assert "not compiled" in str(report)


def test_a_memory_without_a_variance():
    model = keras.Sequential([keras.Input((4,)), MeanOnlyBatchNormalization(name="mean")])
    row = audit(model, X, verbose=False)["mean"]
    assert row["log ratio"] is None
    assert row["mean gap"] > 1


def test_nothing_to_audit():
    model = keras.Sequential([keras.Input((4,)), layers.LayerNormalization()])
    assert "no normalizer" in str(audit(model, X))
