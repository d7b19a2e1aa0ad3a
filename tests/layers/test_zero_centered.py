"""`zero_centered=True`: the scale is one more than the stored weight."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from keras_norms.layers import BatchNormalization, LayerNormalization, RMSNormalization
from keras_norms.schemes import get
from keras_norms.surgery import convert
from tests.conformance.case import draw
from tests.gradients import MODES, array, program, randomize
from tests.oracles.layer import layer
from tests.oracles.rms import rms

KINDS = {"layer": (LayerNormalization, "gamma", layer), "rms": (RMSNormalization, "scale", rms)}


@pytest.fixture(params=KINDS)
def named(request):
    return KINDS[request.param]


@pytest.mark.parametrize(("axis", "shape"), [(-1, (5, 4)), ([1, -1], (3, 2, 2, 4))])
def test_the_formula(named, axis, shape):
    kind, weight, oracle = named
    made = kind(axis=axis, zero_centered=True)
    made.build(shape)
    np.testing.assert_array_equal(array(getattr(made, weight)), 0)  # a scale of one
    x = draw(shape)
    epsilon = made.epsilon
    np.testing.assert_allclose(array(made(x)), oracle(x, axis=axis, epsilon=epsilon), atol=1e-5)
    weights = randomize(made)
    wanted = oracle(x, 1 + weights[weight], weights.get("beta", 0.0), axis=axis, epsilon=epsilon)
    np.testing.assert_allclose(array(made(x)), wanted, atol=1e-5)


@pytest.mark.parametrize("mode", MODES)
def test_the_gradient_is_that_of_the_scale(named, mode):
    kind, weight, _ = named
    x, dy = draw((5, 4)), draw((5, 4), 2)
    gradients = []
    for zero_centered in (False, True):
        made = kind(zero_centered=zero_centered)
        made.build(x.shape)
        getattr(made, weight).assign(draw((4,), 3) + (0 if zero_centered else 1))
        gradients.append(program(made, mode)(x, dy))
    np.testing.assert_allclose(gradients[1].inputs, gradients[0].inputs, atol=1e-5)
    for name, gradient in gradients[0].weights.items():
        np.testing.assert_allclose(gradients[1].weights[name], gradient, atol=1e-5)


def test_config_and_file(named, tmp_path):
    kind, *_ = named
    inputs = keras.Input((4,))
    model = keras.Model(inputs, kind(zero_centered=True)(inputs))
    randomize(model.layers[1])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.layers[1].zero_centered is True
    x = draw((6, 4))
    np.testing.assert_array_equal(array(loaded(x)), array(model(x)))


def test_the_initializer_says_the_scale():
    made = LayerNormalization(zero_centered=True, gamma_initializer=keras.initializers.Constant(3))
    made.build((2, 4))
    np.testing.assert_array_equal(array(made.gamma), 2)
    again = LayerNormalization.from_config(made.get_config())
    again.build((2, 4))
    np.testing.assert_array_equal(array(again.gamma), 2)


def test_decay_draws_the_scale_to_one():
    made = LayerNormalization(zero_centered=True, gamma_regularizer=keras.regularizers.L2(0.5))
    made.build((2, 4))
    made.gamma.assign([1.0, 0.0, -1.0, 2.0])
    np.testing.assert_allclose(array(made.losses[0]), 0.5 * 6)


@pytest.mark.parametrize("to", ["layer", "rms", "group:2", "batch", LayerNormalization])
def test_convert_keeps_the_scale(named, to):
    """Of the same kind the argument stays; elsewhere the weight becomes the scale."""
    kind, weight, _ = named
    model = keras.Sequential([keras.Input((4,)), kind(zero_centered=True, name="norm")])
    getattr(model.layers[0], weight).assign(draw((4,), 3))
    new, report = convert(model, to)
    (made,) = new.layers
    scale = array(made.scale if isinstance(made, RMSNormalization) else made.gamma)
    scale = scale + 1 if getattr(made, "zero_centered", False) else scale
    np.testing.assert_allclose(scale, draw((4,), 3) + 1)
    assert type(made) is not kind or made.zero_centered
    assert type(made) is kind or "zero_centered=True" in report["norm"]["detail"]


@pytest.mark.parametrize("kind", [RMSNormalization, keras.layers.RMSNormalization])
@pytest.mark.parametrize("to", ["rms", "layer", keras.layers.RMSNormalization])
def test_convert_takes_the_scale_of_rms_for_a_gamma(kind, to):
    model = keras.Sequential([keras.Input((4,)), kind(name="norm")])
    model.layers[0].scale.assign(draw((4,), 3))
    (made,) = convert(model, to)[0].layers
    found = made.gamma if isinstance(made, LayerNormalization) else made.scale
    np.testing.assert_array_equal(array(found), draw((4,), 3))


def test_convert_to_a_zero_centered_one():
    model = keras.Sequential([keras.Input((4,)), BatchNormalization(name="norm")])
    model.layers[0].gamma.assign([2.0, 3.0, 0.5, 1.0])
    new, _ = convert(model, lambda: LayerNormalization(zero_centered=True))
    np.testing.assert_allclose(array(new.layers[0].gamma), [1.0, 2.0, -0.5, 0.0])


def test_a_spec():
    dense = keras.layers.Dense(4)
    assert get("layer:zero_centered=True").follow(dense, None)[0].zero_centered
    assert get("rms:zero_centered=True").follow(dense, None)[0].zero_centered
    with pytest.raises(ValueError, match=r"zero_centered.*axis"):
        get("layer:zero_centered=True").follow(keras.layers.Conv2D(4, 1), None)
