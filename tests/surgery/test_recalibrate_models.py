"""Recalibration of models: compiled, nested, shared, subclassed, frozen; refusals; the digits."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from keras_norms.layers import (
    BatchNormalization,
)
from keras_norms.surgery.audit import audit
from keras_norms.surgery.recalibrate import recalibrate
from tests.gradients import BACKEND, COMPILED, array
from tests.surgery.test_recalibrate import KINDS, X, known, population, recalibrated, single


@pytest.mark.full
@pytest.mark.parametrize("jit", COMPILED)
def test_mixed_precision_and_compiled_models(jit):
    half = "mixed_bfloat16"
    model = keras.Sequential([
        keras.Input((4,)),
        layers.BatchNormalization(dtype=half),
        layers.Dense(3, dtype=half),
        BatchNormalization(dtype=half),
    ])  # fmt: skip
    model.compile(keras.optimizers.Adam(0.01), "mse", jit_compile=jit)
    model.fit(X, X[:, :3], verbose=0)
    new, _ = recalibrated(model, X)
    rounded = array(keras.ops.cast(X, "bfloat16"))  # as Keras's layer gets it
    for got, wanted in zip(known(new.layers[0]), population(rounded), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-5)
    for old, copy in zip(model.optimizer.variables, new.optimizer.variables, strict=True):
        np.testing.assert_array_equal(array(old.value), array(copy.value))
    new.fit(X, X[:, :3], verbose=0)  # and trains on
    assert np.isfinite(array(new.layers[-1].moving_mean.value)).all()


def test_losses_and_metrics_of_ones_own():
    def squared(y, prediction):
        return keras.ops.mean(keras.ops.square(y - prediction))

    class Own(keras.metrics.MeanAbsoluteError):
        pass

    model = single(BatchNormalization())
    model.compile("adam", squared, metrics=[Own(name="own"), squared])
    model.fit(X, X, verbose=0)
    new, report = recalibrated(model, X)
    assert not report.notes
    loss, own, again = new.evaluate(X, X, verbose=0)
    assert loss == pytest.approx(again)
    assert own < loss


def test_nested_shared_and_several_inputs():
    """A normalizer in two places is found once, and its statistics are those of both."""
    shared = BatchNormalization(name="shared")
    inner = keras.Sequential([keras.Input((4,)), layers.BatchNormalization(name="bn")], name="in")
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    model = keras.Model({"a": a, "b": b}, [shared(a), shared(b), inner(shared(a))])
    new, report = recalibrated(model, {"a": X, "b": 2 * X})
    assert [row["layer"] for row in report] == ["shared", "in/bn"]
    assert any("'shared' is called" in note for note in report.notes)
    calls = 3 if "called 3 times" in str(report) else 2
    both = np.concatenate([X] * (calls - 1) + [2 * X])
    for got, wanted in zip(known(new.get_layer("shared")), population(both), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-5)


@keras.saving.register_keras_serializable("tests")
class Subclassed(keras.Model):
    def __init__(self, **options):
        super().__init__(**options)
        self.blocks = [layers.Dense(4), BatchNormalization(name="bn"), layers.Dense(2)]

    def call(self, x, training=None):
        for block in self.blocks:
            x = block(x, training=training) if block.name == "bn" else block(x)
        return x


def test_subclassed_models():
    model = Subclassed()
    model(X)
    new, _ = recalibrated(model, X)
    assert isinstance(new, Subclassed)
    dense = [array(v.value).astype(np.float64) for v in model.blocks[0].variables]
    for got, wanted in zip(known(new.blocks[1]), population(X @ dense[0] + dense[1]), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)


def test_frozen_layers_stay_and_are_named():
    model = keras.Sequential(
        [keras.Input((4,)), BatchNormalization(trainable=False), layers.BatchNormalization()]
    )
    new, report = recalibrated(model, X)
    for got, wanted in zip(known(new.layers[0]), ([0] * 4, [1] * 4), strict=True):
        np.testing.assert_array_equal(got, wanted)
    # The second layer sees what the frozen one gives, in training as at inference.
    wanted = population(X / np.sqrt(1 + 1e-3))
    for got, true in zip(known(new.layers[1]), wanted, strict=True):
        np.testing.assert_allclose(got, true, rtol=1e-5)
    assert "frozen" in report.rows[0]["done"]
    assert "unfreeze" in str(report)


class Nameless(keras.layers.Layer):
    def __init__(self, size):
        super().__init__(name="nameless")

    def build(self, shape):
        self.add_weight(shape=(), name="w")

    def call(self, x):
        return x


def with_nan():
    x = X.copy()
    x[3, 1] = np.nan
    return x


@pytest.mark.parametrize(("model", "data", "options", "said"), [
    (lambda: keras.Sequential([keras.Input((4,)), BatchNormalization(), Nameless(iter("ab"))]),
     X, {}, "nameless"),
    (lambda: keras.Sequential([BatchNormalization()]), X, {}, "not built"),
    (lambda: single(BatchNormalization()), X, {"estimator": "ema"}, "estimator='ema'"),
    (lambda: single(BatchNormalization()), X, {"batches": 0}, "batches=0"),
    (lambda: single(BatchNormalization()), 3.0, {}, "data"),
    (lambda: single(BatchNormalization()), iter(()), {}, "no batch"),
    (lambda: single(BatchNormalization()), (X, X[:3]), {}, "lengths"),
    (lambda: single(layers.BatchNormalization(name="bn")), with_nan(), {}, "'bn'.*not finite"),
])  # fmt: skip
def test_refusals(model, data, options, said):
    with pytest.raises(ValueError, match=said):
        recalibrate(model(), data, verbose=False, **options)


def test_without_a_normalizer():
    model = single(layers.Dense(2))
    new, report = recalibrate(model, X, verbose=False)
    assert new is model
    assert not len(report)
    assert "no normalizer" in str(report)


@pytest.mark.full
@pytest.mark.parametrize("kind", KINDS if BACKEND != "jax" else KINDS[:1])
def test_digits_after_twenty_steps(kind):
    """Validation accuracy within a point of what the batch's own statistics give."""
    sklearn = pytest.importorskip("sklearn.datasets")
    x, y = sklearn.load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    x, y = (x[order] / 16).astype("float32").reshape(-1, 8, 8, 1), y[order]
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((8, 8, 1))])
    for width in (16, 32):
        model.add(layers.Conv2D(width, 3, padding="same", use_bias=False))
        model.add(kind(momentum=0.99))
        model.add(layers.ReLU())
    model.add(layers.Flatten())
    model.add(layers.Dense(10, activation="softmax"))
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    model.fit(x[:1280], y[:1280], batch_size=64, epochs=1, verbose=0)

    def accuracy(model, **options):
        return np.mean(array(model(x[1280:], **options)).argmax(-1) == y[1280:])

    before = accuracy(model)
    warned = audit(model, x[:1280], batch_size=64, verbose=False)
    new, report = recalibrate(model, x[:1280], batch_size=64, verbose=False)
    by_batch = accuracy(model, training=True)
    assert before < by_batch
    assert abs(accuracy(new) - by_batch) <= 0.01
    assert all(row["mean gap"] > 0.25 for row in report)
    assert "82% of its initial values remain" in str(warned)
