"""PolyNormalization: the suite, known values, and both ends of the range of its sixth powers."""

from __future__ import annotations

from functools import partial

import keras
import numpy as np
import pytest

from keras_norms.layers.poly import PolyNormalization
from tests.conformance.case import SHAPE, draw
from tests.gradients import MODES, array, double, program, randomize
from tests.oracles.arrays import slope
from tests.oracles.poly import poly
from tests.suite import Case, NormalizerSuite


class TestPolyNormalization(NormalizerSuite):
    case = Case(
        layer=PolyNormalization,
        oracle=partial(poly, weight=(1, 1, 1)),
        examples=(
            ({}, (5, 4)),
            ({"epsilon": 0.1}, (3, 5, 4)),
            ({"axis": 1}, (2, 3, 2, 4)),
            ({"axis": [1, 2]}, (2, 3, 2, 4)),
            ({"axis": [-1, 1]}, (2, 2, 2, 2, 3)),
        ),
        # Hidden features are enlarged by the cube of their size beside the visible ones, unless
        # epsilon is large; and TensorFlow rounds an initial third to float32 in any precision.
        settings={"epsilon": 1.0, "weight_initializer": "ones"},
        centred=False,
        affine=False,
        several_axes=True,
        told=("weight", "bias"),
    )

    def test_an_undefined_channel_dimension(self):
        """Is no obstacle: the weights do not have its size."""
        assert self.case.make()(keras.Input((5, None))).shape == (None, 5, None)


def test_poly24_def():
    """The formula term by term, the cube's weight first."""
    with double():
        x = draw(SHAPE).astype("float64")
        layer = PolyNormalization(dtype="float64")
        layer.build(SHAPE)
        np.testing.assert_allclose(array(layer.weight.value), np.full(3, 1 / 3), rtol=1e-7)
        assert float(array(layer.bias.value)) == 0.0
        w, b = randomize(layer).values()
        wanted = sum(
            w[3 - p] * x**p / np.sqrt((x ** (2 * p)).mean(-1, keepdims=True) + 1e-6)
            for p in (1, 2, 3)
        )
        np.testing.assert_allclose(array(layer(x)), wanted + b, rtol=1e-12)


def test_ones_and_their_signs():
    """Where all features have one size, each norm is a sign: 1/3 (s + 1 + s)."""
    x = np.array([[2.0, -2.0, 2.0, 2.0]], "float32")
    wanted = [[1, -1 / 3, 1, 1]]
    np.testing.assert_allclose(array(PolyNormalization(epsilon=0.0)(x)), wanted, rtol=1e-6)


def test_its_weights_start_where_they_are_told():
    layer = PolyNormalization(weight_initializer="ones", bias_initializer=1.0)
    layer = PolyNormalization.from_config(layer.get_config())
    layer.build((2, 3))
    np.testing.assert_array_equal(array(layer.weight.value), np.ones(3))
    assert float(array(layer.bias.value)) == 1.0


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("policy", "value"),
    [
        ("float16", 6e4),
        ("float16", 1e-4),
        ("bfloat16", 3e38),
        ("float32", 3e38),
        ("float32", 1e13),
        ("float32", 1e-4),
        ("float32", 1e-30),
        ("mixed_float16", 6e4),
    ],
)
def test_no_power_overflows_or_vanishes(policy, value, mode):
    """In float32 the sixth power of 1e13 is not finite, nor is that of 3e4 in float16."""
    layer = PolyNormalization(dtype=policy)
    rows = np.array([[1.0, -1.0, 0.5, 0.25], [1.0, 0.0, 0.0, 0.0], [0.0] * 4])
    x = keras.ops.cast((rows * value).astype("float32"), layer.compute_dtype)
    got = program(layer, mode)(x, None)
    wanted = poly(array(x).astype("float64"))
    np.testing.assert_allclose(got.output, wanted, atol=8e-3 if "16" in policy else 2e-6)
    assert np.isfinite(got.inputs).all()
    assert all(np.isfinite(g).all() for g in got.weights.values())


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("value", [1e-3, 1e-1, 1e3, 1e8])
def test_the_gradient_at_any_scale(value, mode):
    """The largest value is taken as a constant, and epsilon is scaled with it."""
    layer, x, dy = PolyNormalization(), draw((6, 5)) * np.float32(value), draw((6, 5), 2)
    got = program(layer, mode)(x, dy)
    dx = slope(lambda v: float((poly(v) * dy).sum()), x, 1e-6 * value)
    np.testing.assert_allclose(got.inputs, dx, rtol=1e-4, atol=1e-5 * np.abs(dx).max())


def test_invariance_to_scale():
    x = draw((6, 8))
    for scale in (1e-5, 1e5, 1e30):
        layer = PolyNormalization(epsilon=0.0)
        np.testing.assert_allclose(array(layer(x * np.float32(scale))), array(layer(x)), atol=2e-6)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("fill", [1e-30, 1e3, 1e38, np.inf])
def test_hidden_features_of_any_size(fill, mode):
    """Neither their powers nor their size reach what is visible, or a gradient."""
    x, seen = draw((3, 5, 6)), np.array([True, False, True, True, False, True])
    dy = np.where(seen, draw((3, 5, 6), 2), np.float32(0))
    filled = np.where(seen, x, np.float32(fill))
    mask = np.broadcast_to(seen, x.shape)
    hidden = program(PolyNormalization(), mode)(filled, dy, mask)
    deleted = program(PolyNormalization(), mode)(x[..., seen], dy[..., seen])
    np.testing.assert_allclose(hidden.output[..., seen], deleted.output, atol=2e-6)
    np.testing.assert_allclose(hidden.inputs[..., seen], deleted.inputs, atol=2e-6)
    assert (hidden.inputs[..., ~seen] == 0).all()
    np.testing.assert_allclose(hidden.weights["weight"], deleted.weights["weight"], atol=2e-5)
