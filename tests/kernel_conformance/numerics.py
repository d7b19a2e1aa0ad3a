"""Outputs and gradients of every linear layer, in every mode and precision."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from tests.conformance.case import draw
from tests.gradients import BACKEND, EVERY_MODE, MODES, SWIFT, array, double
from tests.kernel_conformance.linears import LINEARS, POLICIES, ones, program
from tests.kernel_conformance.wrapped import Wrapped
from tests.oracles.arrays import slope


class Numerics(Wrapped):
    def check(self, linear, mode, dtype, tolerance):
        shape = LINEARS[linear].shape
        wrapper, weights = self.built(linear, dtype=dtype)
        x = draw(shape, 1).astype(dtype)
        kernels = self.oracle(wrapper, linear, weights)
        plain = self.plain(linear, weights, kernels, dtype=dtype)
        y = array(plain(x))
        dy = draw(y.shape, 2).astype(dtype)
        wanted = program(plain)(x, dy)
        got = program(wrapper, mode, training=False)(x, dy)
        np.testing.assert_allclose(got.output, wanted.output, **tolerance)
        np.testing.assert_allclose(got.inputs, wanted.inputs, **tolerance)
        trained = [v.name for v in wrapper.trainable_variables]
        assert set(got.weights) == set(trained)
        for name in trained:

            def loss(value, name=name):
                kernels = self.oracle(wrapper, linear, {**weights, name: value})
                total = sum((k * wanted.weights[n]).sum() for n, k in kernels.items())
                return float(total + ((value * dy).sum() if name == "bias" else 0))

            expected = slope(loss, weights[name], 1e-5)
            np.testing.assert_allclose(got.weights[name], expected, err_msg=name, **tolerance)

    def test_output_and_gradients(self, linear):
        self.check(linear, MODES[-1], "float32", {"rtol": 2e-4, "atol": 2e-4})

    def test_output_and_gradients_in_every_mode(self, few, mode):
        self.check(few, mode, "float32", {"rtol": 2e-4, "atol": 2e-4})

    def test_compiled_by_xla(self):
        """Its smoke test: the kernels' own tests try XLA in full."""
        self.check("separable2d", EVERY_MODE[-1], "float32", {"rtol": 2e-4, "atol": 2e-4})

    @pytest.mark.full
    def test_output_and_gradients_in_double_precision(self, linear):
        with double():
            self.check(linear, SWIFT, "float64", {"rtol": 1e-6, "atol": 1e-7})

    def test_the_trained_kernel_is_not_touched(self, few, mode):
        wrapper, weights = self.built(few)
        step, x = program(wrapper, mode, training=True), draw(LINEARS[few].shape)
        for _ in range(2):
            step(x, ones(wrapper, x))
        for variable in wrapper.trainable_variables:
            np.testing.assert_array_equal(array(variable.value), weights[variable.name])

    @pytest.mark.parametrize("policy", POLICIES)
    def test_policies(self, few, policy, mode):
        if BACKEND == "torch" and few != "dense" and policy == "float16":
            pytest.skip("torch has no float16 convolution on every CPU")
        wrapper, weights = self.built(few, dtype=policy)
        assert wrapper.compute_dtype == wrapper.layer.compute_dtype
        x = keras.ops.cast(draw(LINEARS[few].shape), wrapper.compute_dtype)
        got = program(wrapper, mode, training=False)(x, ones(wrapper, x))
        plain = self.plain(few, weights, self.oracle(wrapper, few, weights), dtype="float32")
        wanted = array(plain(array(x)))
        scale = max(1.0, np.abs(wanted).max())
        np.testing.assert_allclose(got.output, wanted, atol=POLICIES[policy] * scale)
        y = wrapper(x)
        assert keras.backend.standardize_dtype(y.dtype) == wrapper.compute_dtype
        assert all(np.isfinite(g).all() for g in got.weights.values())

    @pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
    def test_the_kernel_is_computed_from_full_precision(self, policy):
        """What half precision would round away before the mean is subtracted."""
        seen = []

        class Spy(self.kind):
            def effective(self, name, kernel, training):
                seen.append(array(kernel))
                return super().effective(name, kernel, training)

        wrapper = Spy(layers.Dense(3, dtype=policy), **self.settings)
        inputs = keras.Input((5,), dtype="float32")
        model = keras.Model(inputs, wrapper(inputs))
        model(draw((4, 5)))
        np.testing.assert_array_equal(seen[-1], wrapper.layer.kernel.numpy())
        assert seen[-1].dtype == np.float32

    def test_constant_and_zero_kernels_are_no_accident(self, mode):
        for value in (0.0, 3.0):
            wrapper, _ = self.built()
            wrapper.layer.kernel.assign(np.full((5, 3), value))
            got = program(wrapper, mode, training=True)(draw((4, 5)), np.ones((4, 3)))
            for found in (got.output, got.inputs, *got.weights.values()):
                assert np.isfinite(found).all()
