"""`trainable` set after `compile()`: it holds in the next fit, or a warning says what to do."""

from __future__ import annotations

import warnings

import keras
import numpy as np
import pytest

from keras_norms.layers import BatchNormalization, EvoNormB0, SwitchableNormalization
from tests.conformance.case import draw
from tests.gradients import COMPILED, array

X = draw((16, 4), mean=3.0)
# Weights that are neither gamma nor beta count as well.
LAYERS = [
    BatchNormalization,
    lambda **given: EvoNormB0(center=False, scale=False, **given),
    lambda **given: SwitchableNormalization(center=False, scale=False, **given),
]
# What is decided where a step is traced: XLA compiles what comes of it, once for all of them.
COMPILATIONS = [(kind, COMPILED[0]) for kind in LAYERS] + [(LAYERS[0], jit) for jit in COMPILED[1:]]


def model_of(layer):
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(4), layer, keras.layers.Dense(1)]
    )
    return model


def compiled(model, jit):
    model.compile(keras.optimizers.SGD(0.1), "mse", jit_compile=jit)
    return model


def fit(model):
    model.fit(X, X[:, :1], batch_size=8, epochs=1, verbose=0)


def changed(layer, action):
    """Whether each weight and statistic of the layer moves in `action`, and what is warned of.

    Where Keras's optimizer refuses another set of variables after the warning, nothing moves.
    """
    before = layer.get_weights()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            action()
        except ValueError:
            assert any("compile()" in str(w.message) for w in caught)
            return [], [str(w.message) for w in caught]
    pairs = zip(before, layer.get_weights(), strict=True)
    return [not np.array_equal(a, b) for a, b in pairs], [str(w.message) for w in caught]


@pytest.mark.parametrize(("kind", "jit"), COMPILATIONS)
@pytest.mark.parametrize("fitted", [False, True])
@pytest.mark.parametrize("whole", [False, True])
def test_freezing_is_never_silently_without_effect(kind, jit, fitted, whole):
    layer = kind()
    model = compiled(model_of(layer), jit)
    if fitted:
        fit(model)

    def freeze_and_fit():
        if whole:
            model.trainable = False
        else:
            layer.trainable = False
        fit(model)

    moved, said = changed(layer, freeze_and_fit)
    assert not any(moved) or any("compile()" in message for message in said)


@pytest.mark.parametrize(("kind", "jit"), COMPILATIONS)
def test_thawing_is_never_silently_without_effect(kind, jit):
    layer = kind(trainable=False)
    model = compiled(model_of(layer), jit)
    fit(model)

    def thaw_and_fit():
        layer.trainable = True
        fit(model)

    moved, said = changed(layer, thaw_and_fit)
    assert all(moved) or any("compile()" in message for message in said)


@pytest.mark.parametrize("jit", COMPILED)
@pytest.mark.filterwarnings("ignore:.*compile")
def test_after_compiling_again_it_holds_without_a_word(jit):
    layer = BatchNormalization()
    model = compiled(model_of(layer), jit)
    fit(model)
    layer.trainable = False
    compiled(model, jit)
    moved, said = changed(layer, lambda: fit(model))
    assert not any(moved)
    assert not any("compile()" in message for message in said)
    layer.trainable = True
    compiled(model, jit)
    moved, said = changed(layer, lambda: fit(model))
    assert all(moved)
    assert not any("compile()" in message for message in said)


def test_an_untouched_model_is_not_warned_of():
    layer = BatchNormalization()
    model = compiled(model_of(layer), COMPILED[0])
    fit(model)
    _, said = changed(layer, lambda: (fit(model), model.evaluate(X, X[:, :1], verbose=0)))
    assert not any("compile()" in message for message in said)


def test_frozen_means_inference():
    """As in Keras: the moving statistics normalize, in training too."""
    layer = BatchNormalization()
    layer(X, training=True)
    wanted = array(layer(X, training=False))
    layer.trainable = False
    moved, _ = changed(
        layer, lambda: np.testing.assert_allclose(array(layer(X, training=True)), wanted, atol=1e-6)
    )
    assert not any(moved)


@pytest.mark.parametrize("jit", COMPILED)
def test_a_flag_to_and_fro_traces_each_step_once(jit):
    """A discriminator's: on while it trains, off while the generator trains through it."""
    layers = [BatchNormalization(), BatchNormalization()]
    discriminator = compiled(
        keras.Sequential([keras.Input((4,)), *layers, keras.layers.Dense(1)]), jit
    )
    inputs = keras.Input((4,))
    discriminator.trainable = False
    whole = compiled(keras.Model(inputs, discriminator(keras.layers.Dense(4)(inputs))), jit)
    steps, moved = {discriminator: [], whole: []}, []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(5):
            for model, on in ((discriminator, True), (whole, False)):
                discriminator.trainable = on
                before = layers[0].get_weights()[2]
                model.train_on_batch(X, X[:, :1])
                moved.append(not np.array_equal(before, layers[0].get_weights()[2]))
                steps[model].append(model.train_function)
    assert not any("compile()" in str(w.message) for w in caught)
    assert moved == [True, False] * 5
    for seen in steps.values():
        assert all(step is seen[0] for step in seen)


@pytest.mark.parametrize("jit", COMPILED)
def test_after_compiling_again_no_step_of_before_is_taken_up(jit):
    layer = BatchNormalization()
    model = compiled(model_of(layer), jit)
    fit(model)
    old = model.train_function
    layer.trainable = False
    compiled(model, jit)
    layer.trainable = True
    assert model.train_function is not old
