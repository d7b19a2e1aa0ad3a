"""Outputs and gradients against the float64 oracle."""

from __future__ import annotations

import numpy as np
import pytest

from tests.conformance.case import SHAPE, Case, draw
from tests.gradients import BACKEND, MODES, SWIFT, array, double, program, randomize
from tests.oracles.arrays import slope


class Numerics:
    case: Case

    def slopes(self, layer, x, dy, weights):
        """Central differences of the oracle's `sum(y dy)`, by the input and by each weight."""

        def loss(x, weights):
            return float((self.case.truth(layer, x, weights) * dy).sum())

        by_weight = {
            name: slope(lambda w, name=name: loss(x, {**weights, name: w}), value, 1e-5)
            for name, value in weights.items()
        }
        return slope(lambda v: loss(v, weights), x, 1e-5), by_weight

    def check(self, example, mode, tolerance, dtype):
        settings, shape = example
        x, dy = draw(shape, 1).astype(dtype), draw(shape, 2, mean=0.0).astype(dtype)
        layer = self.case.layer(**settings, dtype=dtype)
        layer.build(shape)
        weights = randomize(layer)
        got = program(layer, mode, training=True)(x, dy)
        dx, by_weight = self.slopes(layer, x, dy, weights)
        np.testing.assert_allclose(got.output, self.case.truth(layer, x, weights), **tolerance)
        np.testing.assert_allclose(got.inputs, dx, **tolerance)
        assert set(got.weights) == set(weights)
        for name, wanted in by_weight.items():
            np.testing.assert_allclose(got.weights[name], wanted, err_msg=name, **tolerance)

    def test_output_and_gradients(self, example):
        self.check(example, SWIFT, {"rtol": 1e-4, "atol": 2e-5}, "float32")

    @pytest.mark.skipif(len(MODES) == 1, reason="no other mode")
    def test_output_and_gradients_in_a_graph(self):
        """Of the lowest and the highest rank: the formula is that of the swiftest mode."""
        for example in (self.case.examples[0], self.case.examples[-1]):
            self.check(example, MODES[-1], {"rtol": 1e-4, "atol": 2e-5}, "float32")

    @pytest.mark.full
    def test_output_and_gradients_in_double_precision(self, example):
        with double():
            self.check(example, SWIFT, {"rtol": 1e-7, "atol": 1e-8}, "float64")

    @pytest.mark.full
    def test_second_derivatives(self):
        """Gradient penalties differentiate the gradient: d(dx . v)/dx by central differences."""
        with double():
            layer = self.case.make(dtype="float64")
            layer.build((3, 2, 4))
            randomize(layer)
            x, dy, v = (draw((3, 2, 4), seed).astype("float64") for seed in (1, 2, 3))
            step = program(layer, MODES[-1], training=True)  # 48 times the same
            wanted = slope(lambda value: float((step(value, dy).inputs * v).sum()), x, 1e-5)
            np.testing.assert_allclose(_second(layer, x, dy, v), wanted, rtol=1e-6, atol=1e-7)

    def test_constants(self, mode):
        """Exactly beta where a mean is subtracted; never anything but finite numbers."""
        layer = self.case.make()
        layer.build(SHAPE)
        beta = randomize(layer).get("beta", np.zeros(SHAPE[-1]))
        step = program(layer, mode, training=True)
        for value in (0.0, 3.0, 12345.67, -1e4, 1e-20):
            got = step(np.full(SHAPE, value, "float32"), draw(SHAPE))
            assert np.isfinite(got.inputs).all(), value
            if self.case.centred:
                wanted = np.broadcast_to(beta, SHAPE).astype("float32")
                np.testing.assert_array_equal(got.output, wanted, err_msg=str(value))
            else:
                assert np.isfinite(got.output).all(), value

    def test_no_epsilon(self, mode):
        if "epsilon" not in self.case.make().get_config():
            pytest.skip("the layer has no epsilon")
        layer = self.case.make(epsilon=0.0)
        got = program(layer, mode, training=True)(draw(SHAPE), None).output
        np.testing.assert_allclose(got, self.case.truth(layer, draw(SHAPE)), atol=2e-5)

    def test_the_order_of_the_batch_does_not_matter(self):
        layer, x, order = self.case.make(), draw(SHAPE), np.random.default_rng(0).permutation(6)
        step = program(layer, training=True)
        np.testing.assert_allclose(
            step(x[order], None).output, step(x, None).output[order], atol=2e-6
        )

    def test_inference_does_not_depend_on_the_batch(self):
        layer, x = self.case.make(), draw(SHAPE)
        layer(x, training=True)
        together = array(layer(x, training=False))
        alone = np.concatenate([array(layer(x[i : i + 1], training=False)) for i in range(len(x))])
        np.testing.assert_allclose(together, alone, atol=2e-6)
        same = np.allclose(together, array(layer(x, training=True)), atol=2e-6)
        assert same != self.case.batch_dependent

    def test_integers_are_numbers_too(self):
        layer, x = self.case.make(), np.arange(np.prod(SHAPE)).reshape(SHAPE) ** 2 % 17
        got = array(layer(x.astype("int32"), training=True))
        np.testing.assert_allclose(got, self.case.truth(layer, x), atol=2e-5)


def _second(layer, x, dy, v):
    """The gradient of `sum(dx v)` by the backend's own differentiation, twice."""
    if BACKEND == "tensorflow":
        import tensorflow as tf

        x, dy, v = (tf.convert_to_tensor(a) for a in (x, dy, v))
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = layer(x, training=True)
            dx = inner.gradient(y, x, dy)
        return array(outer.gradient(dx, x, v))
    if BACKEND == "jax":
        import jax

        weights = [w.value for w in layer.trainable_variables]
        memory = [w.value for w in layer.non_trainable_variables]

        def loss(x):
            return (layer.stateless_call(weights, memory, x, training=True)[0] * dy).sum()

        return array(jax.jit(jax.grad(lambda x: (jax.grad(loss)(x) * v).sum()))(x))
    if BACKEND == "torch":
        import torch

        x, dy, v = (torch.tensor(a) for a in (x, dy, v))
        x.requires_grad_(True)
        y = layer(x, training=True)
        (dx,) = torch.autograd.grad(y, x, dy, create_graph=True)
        return array(torch.autograd.grad(dx, x, v)[0])
    pytest.fail(f"no second derivatives written for {BACKEND}")
