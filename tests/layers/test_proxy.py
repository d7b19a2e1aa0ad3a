"""ProxyNormalization: the suite, its proxy's moments, and the power of activations."""

from __future__ import annotations

import math

import keras
import numpy as np
import pytest

from keras_norms.layers import BatchNormalization, GroupNormalization, InstanceNormalization
from keras_norms.layers.proxy import ProxyNormalization
from tests.conformance.case import SHAPE, draw
from tests.gradients import array, double, program
from tests.oracles.powers import powers
from tests.oracles.proxy import proxy
from tests.suite import Case, NormalizerSuite

IMAGES = (8, 6, 5, 12)


class TestProxyNormalization(NormalizerSuite):
    case = Case(
        layer=ProxyNormalization,
        oracle=proxy,
        examples=(
            ({}, (5, 4)),
            ({"activation": "softplus", "epsilon": 0.1}, (3, 5, 4)),
            ({"samples": 7}, (2, 3, 2, 4)),
            ({"axis": 1, "activation": "silu"}, (3, 4, 2, 2)),
            ({"axis": [1, -1], "activation": "linear"}, (3, 2, 3, 4)),
            ({"samples": 2}, (2, 2, 2, 2, 3)),
        ),
        settings={"activation": "softplus"},  # central differences stumble over a ReLU's kink
        refusals=(
            ({"samples": 1}, "samples 1"),
            ({"samples": 0}, "samples 0"),
            ({"samples": 2.5}, "samples 2.5"),
            ({"activation": "rellu"}, "rellu"),
        ),
        centred=False,
        several_axes=True,
        told=("activation", "samples", "proxy_gamma", "proxy_beta"),
    )


def test_activation_layers_are_refused():
    with pytest.raises(ValueError, match="activation"):
        ProxyNormalization(keras.layers.ReLU())


def test_the_quantiles_are_centred():
    """A linear activation keeps a mean of exactly zero, and nearly the deviation of one."""
    layer, x = ProxyNormalization("linear", epsilon=0.0), draw(SHAPE)
    np.testing.assert_allclose(array(layer(np.zeros(SHAPE, "float32"))), np.zeros(SHAPE), atol=1e-7)
    np.testing.assert_allclose(array(layer(x)), x, rtol=0.01, atol=1e-6)


def test_a_gaussian_comes_out_standardized():
    """The moments of a rectified Gaussian: mean 1 / sqrt(2 pi), variance 1/2 - 1 / (2 pi)."""
    layer = ProxyNormalization("relu", epsilon=0.0, samples=2000)
    low = float(array(layer(np.zeros((1, 1), "float32")))[0, 0])
    mean, variance = 1 / math.sqrt(2 * math.pi), 0.5 - 0.5 / math.pi
    assert low == pytest.approx(-mean / math.sqrt(variance), rel=3e-3)
    y = array(layer(draw((60000, 1), mean=0.0)))
    assert y.mean() == pytest.approx(0, abs=0.02)
    assert y.std() == pytest.approx(1, abs=0.02)


def test_the_proxy_follows_shifted_and_scaled_inputs():
    """Inputs of another mean and deviation are standardized by proxy_beta and proxy_gamma."""
    x, moved = draw((5, 3)), ProxyNormalization("tanh")
    plain = array(ProxyNormalization("tanh", beta_initializer=keras.initializers.Constant(2.0))(x))
    moved.build((5, 3))
    moved.proxy_beta.assign(np.full(3, 2.0))
    np.testing.assert_allclose(array(moved(x + 2)), plain, atol=1e-5)
    moved.proxy_beta.assign(np.zeros(3))
    moved.proxy_gamma.assign(np.full(3, 0.5))
    scaled = ProxyNormalization("tanh", gamma_initializer=keras.initializers.Constant(1.5))
    np.testing.assert_allclose(array(moved(1.5 * x)), array(scaled(x)), atol=1e-5)


def test_the_proxy_parameters_may_be_decayed():
    layer = ProxyNormalization(proxy_regularizer="l2")
    layer.build((2, 4))
    layer.proxy_beta.assign(np.full(4, 3.0))
    assert float(array(sum(layer.losses))) == pytest.approx(0.01 * 4 * 9)


def test_pn21_power_adds_up():
    y = draw(IMAGES, mean=1.5).astype("float64")
    assert sum(powers(y)) == pytest.approx(np.square(y).mean(), abs=1e-10)


@pytest.mark.parametrize(
    ("normalizer", "nothing"),
    [
        (BatchNormalization, {0: 1e-10}),
        (InstanceNormalization, {0: 1e-10, 1: 1e-10, 3: 1e-6}),
        (lambda **o: GroupNormalization(1, **o), {}),
    ],
)
def test_pn21_power_of_normalized_activations(normalizer, nothing):
    """BN leaves no channel a mean, IN no example either; LN leaves both what they are."""
    with double():
        x = draw(IMAGES, 1).astype("float64") * draw((8, 1, 1, 12), 2) + draw((8, 1, 1, 12), 3)
        layer = normalizer(epsilon=1e-12, dtype="float64")
        y = array(layer(x, training=True))
        parts = powers(y)
    assert sum(parts) == pytest.approx(np.square(y).mean(), abs=1e-10)
    for part, value in enumerate(parts):
        assert value <= nothing.get(part, np.inf)
        assert part in nothing or value > 1e-3


def test_pn21_power_of_a_random_net():
    """Layer normalization collapses to channel-wise constants with depth; its proxy prevents it."""

    def last(with_proxy: bool) -> np.ndarray:
        rng = np.random.default_rng(0)
        y = rng.normal(size=(64, 32)).astype("float32")
        for _ in range(12):
            y = array(GroupNormalization(1, center=False, scale=False)(y))
            gamma, beta = rng.normal(1, 0.2, 32), rng.normal(0, 0.2, 32)
            if with_proxy:
                layer = ProxyNormalization("relu")
                layer.build(y.shape)
                layer.gamma.assign(gamma), layer.beta.assign(beta)
                y = array(layer(y))
            else:
                y = np.maximum(gamma * y + beta, 0)
            y = (y @ rng.normal(0, 32**-0.5, (32, 32))).astype("float32")
        return array(GroupNormalization(1, center=False, scale=False)(y))

    plain, proxied = (powers(last(with_proxy)) for with_proxy in (False, True))
    assert plain[0] / sum(plain) > 0.5
    assert proxied[0] < 0.3 * plain[0]


def test_the_gradient_reaches_the_proxy():
    """The output of constants does not depend on them but through the proxy."""
    layer = ProxyNormalization("relu")
    layer.build((4, 3))
    got = program(layer)(np.zeros((4, 3), "float32"), None)
    assert (np.abs(got.weights["proxy_beta"]) > 1e-3).all()
    assert (np.abs(got.weights["proxy_gamma"]) > 1e-3).all()


@pytest.mark.parametrize("name", ["relu", "silu", "linear"])
def test_a_named_activation_is_saved_by_name(name):
    layer = ProxyNormalization(name)
    assert layer.get_config()["activation"] == name
    assert ProxyNormalization.from_config(layer.get_config()).activation is layer.activation


def test_a_function_of_ones_own_is_saved_and_loaded():
    @keras.saving.register_keras_serializable(package="proxy_tests")
    def squared_relu(x):
        return keras.ops.square(keras.ops.relu(x))

    config = ProxyNormalization(squared_relu).get_config()
    assert ProxyNormalization.from_config(config).activation is squared_relu
