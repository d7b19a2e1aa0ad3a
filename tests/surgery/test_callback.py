"""The callback: validation as after `recalibrate`, training as without it."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from keras_norms import RecalibrateBeforeValidation, recalibrate
from keras_norms.layers import BatchNormalization, GhostBatchNormalization
from tests.conformance.case import draw
from tests.gradients import COMPILED, array

X = draw((23, 4), mean=3.0)
Y = (X[:, :1] > 3).astype("float32")


def model_of(kind, jit="auto", seed=0):
    keras.utils.set_random_seed(seed)
    model = keras.Sequential([
        keras.Input((4,)),
        kind(name="first"),
        layers.Dense(3),
        layers.Dropout(0.5, seed=1),
        kind(name="second"),
        layers.Dense(1, activation="sigmoid"),
    ])  # fmt: skip
    optimizer = keras.optimizers.SGD(0.1, momentum=0.9)
    model.compile(optimizer, "binary_crossentropy", metrics=["accuracy"], jit_compile=jit)
    return model


def fit(model, *callbacks, **options):
    given = {"batch_size": 8, "epochs": 2, "validation_data": (X, Y), **options}
    return model.fit(X, Y, callbacks=list(callbacks), shuffle=False, verbose=0, **given).history


def everything(model):
    """Weights, moving averages, seeds and the optimizer's state."""
    return [array(v.value) for v in (*model.variables, *model.optimizer.variables)]


class Recalibrated(keras.callbacks.Callback):
    """The independent way: a copy at the end."""

    def __init__(self, **options):
        super().__init__()
        self.options, self.loss = options, None

    def on_train_end(self, logs=None):
        new, _ = recalibrate(self.model, X, batch_size=8, verbose=False, **self.options)
        self.loss = new.evaluate(X, Y, verbose=0)[0]


@pytest.mark.full
@pytest.mark.parametrize(
    ("kind", "jit"),
    [
        (lambda **given: BatchNormalization(debiased=True, **given), COMPILED[0]),
        (layers.BatchNormalization, COMPILED[-1]),
    ],
    ids=["debiased", "of_keras"],
)
def test_in_fit(kind, jit):
    plain, model = model_of(kind, jit), model_of(kind, jit)
    usual = fit(plain)
    truth = Recalibrated()
    got = fit(model, RecalibrateBeforeValidation(X, batch_size=8), truth)
    np.testing.assert_allclose(got["val_loss"][-1], truth.loss, rtol=1e-5)
    assert np.abs(np.subtract(got["val_loss"], usual["val_loss"])).min() > 1e-3
    np.testing.assert_array_equal(got["loss"], usual["loss"])
    for now, wanted in zip(everything(model), everything(plain), strict=True):
        np.testing.assert_array_equal(now, wanted)


@pytest.mark.full
def test_estimator_some_batches_and_frozen_layers():
    model = model_of(GhostBatchNormalization)
    model.get_layer("first").trainable = False
    callback = RecalibrateBeforeValidation(
        [X[:8], X[8:16], X[16:]], batches=2, estimator="batch_mean"
    )
    truth = Recalibrated(batches=2, estimator="batch_mean")
    got = fit(model, callback, truth, validation_freq=2)
    np.testing.assert_allclose(got["val_loss"], [truth.loss], rtol=1e-5)
    np.testing.assert_array_equal(array(model.get_layer("first").moving_mean.value), np.zeros(4))


@pytest.mark.full
def test_in_evaluate():
    model = model_of(BatchNormalization)
    fit(model, epochs=1)
    before = everything(model)
    new, _ = recalibrate(model, X, batch_size=8, verbose=False)
    callback = RecalibrateBeforeValidation((X, Y), batch_size=8)
    got = model.evaluate(X, Y, callbacks=[callback], verbose=0)
    np.testing.assert_allclose(got, new.evaluate(X, Y, verbose=0), rtol=1e-5)
    for now, wanted in zip(everything(model)[: len(before)], before, strict=True):
        np.testing.assert_array_equal(now, wanted)


class Interrupted(keras.callbacks.Callback):
    def on_test_batch_end(self, batch, logs=None):
        raise KeyboardInterrupt


@pytest.mark.full
def test_an_interrupted_validation_is_undone_by_the_next_fit():
    model, seen = model_of(BatchNormalization), []
    callback = RecalibrateBeforeValidation(X, batch_size=8)
    with pytest.raises(KeyboardInterrupt):
        fit(model, callback, Interrupted(), epochs=1)
    look = keras.callbacks.LambdaCallback(
        on_train_begin=lambda logs: seen.append(array(model.get_layer("first").moving_mean))
    )
    fit(model, callback, look, epochs=1)
    plain = model_of(BatchNormalization)
    fit(plain, epochs=1, validation_data=None)
    np.testing.assert_array_equal(seen[0], array(plain.get_layer("first").moving_mean))


def test_the_pass_is_traced_once():
    calls = []

    class Seen(layers.Layer):
        def call(self, x):
            calls.append(len(calls))
            return x

    model = keras.Sequential([keras.Input((4,)), Seen(), BatchNormalization(), layers.Dense(1)])
    model.compile("sgd", "mse", run_eagerly=False)
    callback = RecalibrateBeforeValidation(X[:16], batch_size=8)
    sizes = []
    for _ in range(3):
        model.evaluate(X[:16], Y[:16], batch_size=8, callbacks=[callback], verbose=0)
        sizes.append(len(calls))
    if keras.config.backend() != "torch":  # which traces nothing
        assert sizes[1] == sizes[2]


def test_a_model_without_memory():
    model = keras.Sequential([keras.Input((4,)), layers.LayerNormalization(), layers.Dense(1)])
    model.compile("sgd", "mse")
    assert "val_loss" in fit(model, RecalibrateBeforeValidation(X), epochs=1)


@pytest.mark.once
@pytest.mark.parametrize(("given", "words"), [
    ({"data": iter([X])}, "only once"),
    ({"data": X, "estimator": "median"}, "median"),
    ({"data": X, "batches": 0}, "batches=0"),
    ({"data": 3}, "int"),
])  # fmt: skip
def test_refusals(given, words):
    with pytest.raises(ValueError, match=words):
        RecalibrateBeforeValidation(**given)
