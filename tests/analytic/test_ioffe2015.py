"""Ioffe & Szegedy 2015: Algorithm 1 and its gradient, Section 3.2, and Section 3.3's invariance."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

from keras_norms.layers import BatchNormalization
from tests.analytic.chain import Chain, Linear
from tests.gradients import MODES, double, program, randomize
from tests.oracles.arrays import slope
from tests.oracles.batch import batch, gradient

EPSILONS = (0.0, 1e-5, 1e-3)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(0.5, 1.0, shape)


def sizes(mode):
    """Every batch from 2 to 64, but where each would have to be compiled."""
    return range(2, 65) if mode == "eager" else (2, 5, 64)


def rel(got, wanted):
    return np.abs(got - wanted).max() / np.abs(wanted).max()


class Spelled(keras.layers.Layer):
    """Algorithm 1 in the backend's own operations, for the backend's own gradient."""

    def build(self, shape):
        self.gamma = self.add_weight(name="gamma", shape=shape[-1:])
        self.beta = self.add_weight(name="beta", shape=shape[-1:])

    def call(self, x, mask=None, epsilon=0.0):
        m = x.shape[0]
        centred = x - ops.sum(x, axis=0) / m
        variance = ops.sum(centred * centred, axis=0) / m
        return self.gamma * (centred / ops.sqrt(variance + epsilon)) + self.beta


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("epsilon", EPSILONS)
def test_ioffe15_alg1_fwd_output(epsilon, mode):
    with double():
        layer = BatchNormalization(epsilon=epsilon, dtype="float64")
        layer.build((None, 7))
        weights, step = randomize(layer), program(layer, mode, training=True)
        for m in sizes(mode):
            x = normal(m, 7, seed=m)
            wanted = batch(x, weights["gamma"], weights["beta"], epsilon=epsilon)
            assert np.abs(step(x, None).output - wanted).max() <= 1e-12, m


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("epsilon", EPSILONS)
def test_ioffe15_alg1_fwd_mean_and_power(epsilon, mode):
    with double():
        layer = BatchNormalization(epsilon=epsilon, center=False, scale=False, dtype="float64")
        step = program(layer, mode, training=True)
        for m in sizes(mode):
            x = normal(m, 7, seed=m)
            normalized, variance = step(x, None).output, x.var(axis=0)
            assert np.abs(normalized.mean(axis=0)).max() <= 1e-12, m
            power = (normalized**2).mean(axis=0)
            assert np.abs(power - variance / (variance + epsilon)).max() <= 1e-12, m


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("epsilon", EPSILONS)
def test_ioffe15_alg1_bwd_equations_and_automatic_derivative(epsilon, mode):
    with double():
        x, dy = normal(16, 7), normal(16, 7, seed=1)
        layer, spelled = (
            BatchNormalization(epsilon=epsilon, dtype="float64"),
            Spelled(dtype="float64"),
        )
        for one in (layer, spelled):
            one.build(x.shape)
            weights = randomize(one)
        got = program(layer, mode, training=True)(x, dy)
        automatic = program(spelled, mode, epsilon=epsilon)(x, dy)
    closed = gradient(x, weights["gamma"], dy, epsilon=epsilon)
    for each in (got, automatic):
        found = (each.inputs, each.weights["gamma"], each.weights["beta"])
        for value, wanted in zip(found, closed, strict=True):
            assert np.abs(value - wanted).max() <= 1e-10


@pytest.mark.parametrize("epsilon", EPSILONS)
def test_ioffe15_alg1_bwd_central_differences(epsilon):
    x, dy = normal(6, 3), normal(6, 3, seed=1)
    with double():
        layer = BatchNormalization(epsilon=epsilon, dtype="float64")
        layer.build(x.shape)
        weights = randomize(layer)
        got = program(layer, training=True)(x, dy)
    gamma, beta = weights["gamma"], weights["beta"]

    def loss(x, gamma, beta):
        return float((batch(x, gamma, beta, epsilon=epsilon) * dy).sum())

    wanted = slope(lambda v: loss(v, gamma, beta), x, 1e-5)
    np.testing.assert_allclose(got.inputs, wanted, atol=1e-7)
    wanted = slope(lambda v: loss(x, v, beta), gamma, 1e-5)
    np.testing.assert_allclose(got.weights["gamma"], wanted, atol=1e-7)
    wanted = slope(lambda v: loss(x, gamma, v), beta, 1e-5)
    np.testing.assert_allclose(got.weights["beta"], wanted, atol=1e-7)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("epsilon", EPSILONS)
def test_ioffe15_alg1_bwd_no_gradient_along_the_mean_and_epsilon_along_the_output(epsilon, mode):
    """sum(dx * xhat) is gamma * dgamma * epsilon / (var + epsilon)^1.5, so none without epsilon."""
    with double():
        layer = BatchNormalization(epsilon=epsilon, dtype="float64")
        layer.build((None, 7))
        gamma = randomize(layer)["gamma"]
        x, dy = normal(16, 7), normal(16, 7, seed=1)
        got = program(layer, mode, training=True)(x, dy)
    assert np.abs(got.inputs.sum(axis=0)).max() <= 1e-10
    along = (got.inputs * batch(x, epsilon=epsilon)).sum(axis=0)
    left = gamma * got.weights["gamma"] * epsilon / (x.var(axis=0) + epsilon) ** 1.5
    assert np.abs(along - left).max() <= 1e-10
    assert np.abs(along).max() <= 20 * epsilon + 1e-10


@pytest.mark.parametrize("mode", MODES)
def test_ioffe15_conv_is_the_flattened_batch(mode):
    x, dy = normal(4, 5, 6, 3), normal(4, 5, 6, 3, seed=1)
    with double():
        layers = [BatchNormalization(dtype="float64") for _ in range(2)]
        for layer, shape in zip(layers, (x.shape, (120, 3)), strict=True):
            layer.build(shape)
            weights = randomize(layer)
        maps = program(layers[0], mode, training=True)(x, dy)
        flat = program(layers[1], mode, training=True)(x.reshape(120, 3), dy.reshape(120, 3))
    assert sum(w.size for w in weights.values()) == 2 * 3
    assert np.abs(maps.output.reshape(120, 3) - flat.output).max() <= 1e-12
    assert np.abs(maps.inputs.reshape(120, 3) - flat.inputs).max() <= 1e-12
    wanted = batch(x.reshape(120, 3), weights["gamma"], weights["beta"])
    assert np.abs(flat.output - wanted).max() <= 1e-12
    for name, value in flat.state.items():
        assert np.abs(maps.state[name] - value).max() <= 1e-12


@pytest.mark.parametrize("mode", MODES)
def test_ioffe15_scale_inv(mode):
    """Section 3.3: W times a leaves output and dL/du alone and divides dL/dW by a."""
    u, w, dy = normal(16, 5), normal(5, 3, seed=1), normal(16, 3, seed=2)
    with double():
        linear = Linear(3, dtype="float64")
        layer = Chain(linear, BatchNormalization(epsilon=0.0, dtype="float64"))
        layer.build(u.shape)
        randomize(layer)
        step = program(layer, mode, training=True)
        linear.kernel.assign(w)
        plain = step(u, dy)
        for a in (0.01, 0.1, 10.0, 100.0):
            linear.kernel.assign(a * w)
            scaled = step(u, dy)
            assert rel(scaled.output, plain.output) < 1e-9, a
            assert rel(scaled.inputs, plain.inputs) < 1e-9, a
            assert rel(a * scaled.weights["kernel"], plain.weights["kernel"]) < 1e-9, a
