"""FilterResponseNormalization: the suite, 1x1 maps, the learned epsilon; and its activation."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from keras_norms.layers.filter_response import (
    FilterResponseNormalization,
    ThresholdedLinearUnit,
)
from tests.conformance.case import SHAPE, draw
from tests.gradients import MODES, array, double, program, randomize
from tests.oracles.filter_response import filter_response, thresholded
from tests.suite import Case, NormalizerSuite


class TestFilterResponseNormalization(NormalizerSuite):
    case = Case(
        layer=FilterResponseNormalization,
        oracle=filter_response,
        examples=(
            ({"epsilon": 0.1}, (5, 4)),
            ({"epsilon": 0.1}, (3, 5, 4)),
            ({}, (2, 3, 2, 4)),
            ({"axis": 1}, (3, 4, 2, 2)),
            ({"axis": [1, -1]}, (3, 2, 3, 4)),
            ({"learnable_epsilon": True}, (3, 2, 2, 4)),
            ({"learnable_epsilon": True}, (3, 1, 1, 4)),
            ({}, (2, 2, 2, 2, 3)),
        ),
        refusals=(({"axis": 0}, "axis 0"), ({"axis": [0, -1]}, "axis [0, -1]")),
        centred=False,
        several_axes=True,
        told=("learned_epsilon",),
    )


@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (2, 1, 1, 5), (7, 5)])
@pytest.mark.parametrize("learnable", [False, True])
def test_frn20_def(shape, learnable):
    with double():
        x = draw(shape).astype("float64")
        layer = FilterResponseNormalization(learnable_epsilon=learnable, dtype="float64")
        layer.build(shape)
        weights = randomize(layer)
        scale, shift = weights.pop("gamma"), weights.pop("beta")
        wanted = filter_response(x, scale, shift, **weights)
        np.testing.assert_allclose(array(layer(x)), wanted, atol=1e-10)


@pytest.mark.parametrize("shape", [(6, 1, 1, 4), (6, 4)])
def test_frn20_def_one_value_a_channel_is_a_sign(shape):
    x, layer = draw(shape), FilterResponseNormalization(epsilon=1e-20, center=False)
    layer.build(shape)
    gamma = randomize(layer)["gamma"]
    np.testing.assert_allclose(array(layer(x)), np.sign(x) * gamma, rtol=1e-5)


def test_the_learned_epsilon_smooths_the_sign():
    """It starts at 1e-4, one number, and enters by its absolute value."""
    x = np.linspace(-0.05, 0.05, 21, dtype="float32").reshape(21, 1, 1, 1)
    layer = FilterResponseNormalization(learnable_epsilon=True)
    wanted = x / np.sqrt(x.astype("float64") ** 2 + 1e-6 + 1e-4)
    np.testing.assert_allclose(array(layer(x)), wanted, atol=1e-6)
    assert layer.learned_epsilon.shape == ()
    layer.learned_epsilon.assign(-1e-4)
    np.testing.assert_allclose(array(layer(x)), wanted, atol=1e-6)


def test_the_constraint_of_the_learned_epsilon():
    """An optimizer's step that would make it negative ends at zero."""
    layer = FilterResponseNormalization(learnable_epsilon=True, epsilon_constraint="non_neg")
    layer.build((2, 3, 3, 4))
    optimizer = keras.optimizers.SGD(1.0)
    optimizer.apply([keras.ops.ones(())], [layer.learned_epsilon])
    assert array(layer.learned_epsilon) == 0
    again = FilterResponseNormalization.from_config(layer.get_config())
    assert isinstance(again.epsilon_constraint, keras.constraints.NonNeg)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("axis", "shape"), [(-1, SHAPE), (1, (6, 4, 5)), ([1, 2], SHAPE)])
def test_a_thresholded_linear_unit(axis, shape, mode):
    """The gradient goes to x above the threshold and to tau below it."""
    layer, x, dy = ThresholdedLinearUnit(axis=axis), draw(shape), draw(shape, 2)
    layer.build(shape)
    tau = randomize(layer)["tau"]
    got = program(layer, mode, training=True)(x, dy)
    wanted = thresholded(x.astype("float64"), tau, axis=axis)
    np.testing.assert_allclose(got.output, wanted, atol=1e-6)
    above = wanted == x
    np.testing.assert_array_equal(got.inputs, np.where(above, dy, 0))
    kept = [a % 3 for a in (axis if isinstance(axis, list) else [axis])]
    below = np.where(above, 0, dy).sum(tuple(a for a in range(3) if a not in kept))
    np.testing.assert_allclose(got.weights["tau"], below, atol=1e-5)


def test_a_thresholded_linear_unit_starts_as_a_relu():
    x = draw(SHAPE, mean=0.0)
    np.testing.assert_array_equal(array(ThresholdedLinearUnit()(x)), np.maximum(x, 0))


@pytest.mark.parametrize("policy", ["float16", "bfloat16", "mixed_float16", "float64"])
def test_a_thresholded_linear_unit_keeps_the_policy(policy):
    with double():
        layer = ThresholdedLinearUnit(dtype=policy)
        layer.build(SHAPE)
        x = keras.ops.cast(draw(SHAPE).astype("float64") / 3, layer.compute_dtype)
        got, tau = layer(x), randomize(layer)["tau"]
        assert keras.backend.standardize_dtype(got.dtype) == layer.compute_dtype
        got = array(layer(x))
        tolerance = 1e-15 if policy == "float64" else 1e-2
        np.testing.assert_allclose(got, thresholded(array(x), tau), rtol=tolerance)


def test_a_thresholded_linear_unit_is_saved_and_passes_masks_on(tmp_path):
    tokens = keras.Input((5,), dtype="int32")
    hidden = keras.layers.Embedding(7, 4, mask_zero=True)(tokens)
    unit = ThresholdedLinearUnit(tau_initializer="ones", tau_regularizer="l2", tau_constraint=None)
    model = keras.Model(tokens, keras.layers.GlobalAveragePooling1D()(unit(hidden)))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    x = np.array([[1, 2, 0, 0, 0], [3, 4, 5, 6, 1]])
    np.testing.assert_allclose(loaded.predict(x, verbose=0), model.predict(x, verbose=0))
    assert loaded.layers[2].get_config() == unit.get_config()
    assert float(array(sum(loaded.losses))) == pytest.approx(0.01 * 4)
    mask = keras.ops.convert_to_tensor(x != 0)
    assert unit.compute_mask(array(hidden._keras_history.operation(x)), mask) is mask


@pytest.mark.parametrize("axis", [3, -4, 1.5, "channels", [1, -2]])
def test_a_thresholded_linear_unit_refuses_a_wrong_axis(axis):
    with pytest.raises((ValueError, TypeError), match="axis"):
        ThresholdedLinearUnit(axis=axis)(draw(SHAPE))
