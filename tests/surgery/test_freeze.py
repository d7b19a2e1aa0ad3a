"""Freezing holds in the next `fit`, whatever was traced before."""

from __future__ import annotations

import warnings

import keras
import numpy as np
import pytest
from keras import layers

from keras_norms.layers import BatchNormalization
from keras_norms.surgery.freeze import freeze, unfreeze
from tests.conformance.case import draw
from tests.gradients import COMPILED, array

KINDS = [BatchNormalization, layers.BatchNormalization]
X = draw((16, 4), mean=3.0)
SGD = lambda: keras.optimizers.SGD(0.1, momentum=0.9)  # noqa: E731


def model_of(kind, jit, optimizer=SGD):
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(4), kind(name="bn")], name="inner")
    inputs = keras.Input((4,))
    model = keras.Model(inputs, layers.Dense(1)(kind(name="bn")(inner(inputs))))
    model.compile(optimizer(), "mse", jit_compile=jit)
    return model


def fit(model):
    model.fit(X, X[:, :1], batch_size=8, verbose=0)


def moved(model):
    """Which of the normalizers' weights, and which others, change in a fit."""
    norms = [model.get_layer("bn"), model.get_layer("inner").get_layer("bn")]
    before = [array(v.value) for v in model.variables]
    of_norms = {id(v) for layer in norms for v in layer.variables}
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        fit(model)
    pairs = zip(model.variables, before, strict=True)
    found = [(id(v) in of_norms, not np.array_equal(array(v.value), old)) for v, old in pairs]
    return {m for inside, m in found if inside}, {m for inside, m in found if not inside}


@pytest.mark.full
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("jit", COMPILED)
@pytest.mark.parametrize("fitted", [False, True])
def test_at_once(kind, jit, fitted):
    model = model_of(kind, jit)
    if fitted:
        fit(model)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        report = freeze(model)
    assert [row["layer"] for row in report] == ["inner/bn", "bn"]
    assert moved(model) == ({False}, {True})
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        unfreeze(model)
    assert moved(model) == ({True}, {True})


@pytest.mark.full
@pytest.mark.parametrize("jit", COMPILED[:1])
def test_the_optimizer_goes_on(jit):
    model = model_of(BatchNormalization, jit, lambda: keras.optimizers.Adam(0.01))
    fit(model)
    before = {v.name: array(v.value) for v in model.optimizer.variables}
    freeze(model)
    after = {v.name: array(v.value) for v in model.optimizer.variables}
    assert after["iteration"] == 2
    assert 0 < len(after) < len(before)
    for name, value in after.items():
        np.testing.assert_array_equal(value, before[name])
    fit(model)
    assert int(array(model.optimizer.iterations.value)) == 4


@pytest.mark.full
def test_an_optimizer_that_scales_the_loss():
    scaled = keras.optimizers.LossScaleOptimizer
    model = model_of(BatchNormalization, COMPILED[0], lambda: scaled(SGD()))
    fit(model)
    freeze(model)
    assert moved(model) == ({False}, {True})
    assert int(array(model.optimizer.inner_optimizer.iterations.value)) == 4


def test_twice_is_nothing():
    model = model_of(BatchNormalization, COMPILED[0])
    freeze(model)
    assert [row["done"] for row in freeze(model)] == ["nothing", "nothing"]
    assert [row["was"] for row in unfreeze(model)] == ["frozen", "frozen"]


def test_a_frozen_model():
    model = model_of(layers.BatchNormalization, COMPILED[0])
    model.trainable = False
    assert "itself has trainable=False" in str(unfreeze(model))
    model.trainable = True
    assert not unfreeze(model).notes


def test_without_compile():
    model = keras.Sequential([keras.Input((4,)), BatchNormalization(name="bn")])
    freeze(model)
    assert not model.get_layer("bn").trainable
    with pytest.raises(ValueError, match="not built"):
        freeze(keras.Sequential([BatchNormalization()]))
