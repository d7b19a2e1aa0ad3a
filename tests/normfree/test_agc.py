from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from keras_norms.normfree import AdaptiveGradientClipping, unit_axes
from tests.conformance.case import draw
from tests.gradients import array
from tests.oracles.agc import clipped

SHAPES = {
    "dense/kernel": ((6, 5), (0,)),
    "conv/kernel": ((3, 3, 4, 5), (0, 1, 2)),
    "volume/kernel": ((2, 3, 2, 4, 5), (0, 1, 2, 3)),
    "dense/bias": ((5,), (0,)),
    "skip/alpha": ((), ()),
}


def variable(path, value):
    folder, _, name = path.rpartition("/")
    with keras.name_scope(folder):
        return keras.Variable(value, name=name)


class TestDefinition:
    @pytest.mark.parametrize("path", SHAPES)
    @pytest.mark.parametrize("clipping", [0.01, 0.3])
    def test_agc21_def_against_the_formula(self, path, clipping):
        shape, axes = SHAPES[path]
        rng = np.random.default_rng(0)
        # Units of every kind: with small weights, with small gradients, with none.
        weight = (rng.normal(size=shape) * 10.0 ** rng.uniform(-5, 1, shape[-1:])).astype("f4")
        gradient = (rng.normal(size=shape) * 10.0 ** rng.uniform(-6, 2, shape[-1:])).astype("f4")
        if len(shape) > 1:
            weight[..., 0], gradient[..., 1] = 0, 0
        agc = AdaptiveGradientClipping("sgd", clipping, exclude=None)
        got = array(agc.clip(keras.ops.convert_to_tensor(gradient), variable(path, weight)))
        wanted = clipped(gradient, weight, axes, clipping=clipping)
        np.testing.assert_allclose(got, wanted, rtol=2e-6)
        norm = np.sqrt((gradient.astype("f8") ** 2).sum(axis=axes))
        allowed = np.maximum(np.sqrt((weight.astype("f8") ** 2).sum(axis=axes)), 1e-3)
        over = norm / allowed > clipping
        if len(shape) > 1:
            assert over.any()
            assert not over.all()
        ratio = np.sqrt((got.astype("f8") ** 2).sum(axis=axes)) / allowed
        np.testing.assert_allclose(np.where(over, ratio, clipping), clipping, rtol=2e-6)
        untouched = np.broadcast_to(~over, shape)
        np.testing.assert_array_equal(got[untouched], gradient[untouched])

    @pytest.mark.parametrize("size", [1e-37, 1e-3, 1e20, 1e30, 1e36, 1e37, 1e38, 3e38])
    @pytest.mark.parametrize("path", ["dense/kernel", "dense/bias", "skip/alpha"])
    def test_any_finite_gradient(self, path, size):
        """Whose norm, and the square of it, may be more than float32 holds."""
        agc = AdaptiveGradientClipping("sgd", exclude=None)
        shape, axes = SHAPES[path]
        weight, gradient = np.ones(shape, "f4"), np.full(shape, size, "f4")
        got = array(agc.clip(keras.ops.convert_to_tensor(gradient), variable(path, weight)))
        np.testing.assert_allclose(got, clipped(gradient, weight, axes), rtol=2e-6)

    @pytest.mark.parametrize("norm_type", [1, 1.5, 3, 8, float("inf")])
    @pytest.mark.parametrize("path", SHAPES)
    def test_other_norms(self, path, norm_type):
        shape, axes = SHAPES[path]
        rng = np.random.default_rng(0)
        weight = rng.normal(size=shape).astype("f4")
        agc = AdaptiveGradientClipping("sgd", exclude=None, norm_type=norm_type)
        again = AdaptiveGradientClipping.from_config(agc.get_config())
        for size in (1e-4, 1e-2, 1.0, 1e30):
            gradient = (size * rng.normal(size=shape)).astype("f4")
            got = array(again.clip(keras.ops.convert_to_tensor(gradient), variable(path, weight)))
            wanted = clipped(gradient, weight, axes, norm_type=norm_type)
            np.testing.assert_allclose(got, wanted, rtol=1e-5)

    @pytest.mark.parametrize("norm_type", [0.5, -1, 0, True, "2", float("nan"), None])
    def test_a_wrong_norm(self, norm_type):
        with pytest.raises(ValueError, match="norm_type") as error:
            AdaptiveGradientClipping("sgd", norm_type=norm_type)
        assert repr(norm_type) in str(error.value)

    def test_missing_gradients(self):
        agc = AdaptiveGradientClipping("sgd", exclude=None)
        assert agc.clip(None, variable("dense/kernel", np.ones((4, 3), "f4"))) is None

    @pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
    def test_half_precision(self, dtype):
        agc = AdaptiveGradientClipping("sgd", exclude=None)
        kernel = keras.Variable(np.full((400, 3), 300.0), dtype=dtype, name="kernel")
        gradient = keras.ops.cast(np.full((400, 3), 300.0), dtype)
        got = agc.clip(gradient, kernel)
        assert keras.backend.standardize_dtype(got.dtype) == dtype
        np.testing.assert_allclose(array(got), 3.0, rtol=1e-2)

    def test_units_of_depthwise_and_transposed_kernels(self):
        inputs = keras.Input((6, 6, 3))
        x = layers.DepthwiseConv2D(3, depth_multiplier=2, name="deep")(inputs)
        x = layers.SeparableConv2D(4, 2, name="apart")(x)
        x = layers.Conv2DTranspose(5, 3, name="back")(x)
        model = keras.Model(inputs, layers.Dense(2)(x))
        axes = unit_axes(model)
        assert axes == {
            "deep/kernel": [0, 1],
            "apart/depthwise_kernel": [0, 1],
            "back/kernel": [0, 1, 3],
        }
        agc = AdaptiveGradientClipping("sgd", unit_axes=axes, exclude=None)
        for kernel in model.trainable_variables:
            gradient = draw(tuple(kernel.shape), 1)
            default = range(len(kernel.shape) - 1) if len(kernel.shape) > 1 else (0,)
            over = tuple(axes.get(kernel.path, default))
            wanted = clipped(gradient, array(kernel.value), over)
            got = array(agc.clip(keras.ops.convert_to_tensor(gradient), kernel))
            np.testing.assert_allclose(got, wanted, rtol=1e-5)
