"""Schemes that bring the activation with them: filter response, EvoNorms, proxies."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import keras_norms
from tests.conformance.case import draw
from tests.gradients import array


def kinds(spec, activation="relu", linear=None):
    linear = linear or keras.layers.Conv2D(8, 3, padding="same")
    return [type(layer).__name__ for layer in keras_norms.get(spec)(linear, activation).layers]


def test_filter_response_brings_a_thresholded_linear_unit():
    pair = ["Conv2D", "FilterResponseNormalization", "ThresholdedLinearUnit"]
    assert kinds("filter_response") == pair
    assert kinds("filter_response:learnable_epsilon=true", "silu") == pair
    assert kinds("filter_response", None) == pair[:2]
    linear = keras.layers.Conv2D(8, 3, data_format="channels_first")
    unit = keras_norms.get("filter_response")(linear, "relu")
    assert [layer.axis for layer in unit.layers[1:]] == [1, 1]


@pytest.mark.parametrize("name", ["evonorm_s0:4", "evonorm_s1:4", "evonorm_b0", "evonorm_b2"])
def test_evonorms_are_the_activation(name):
    unit = keras_norms.get(name)(keras.layers.Conv2D(8, 3), "relu")
    assert len(unit.layers) == 2
    assert unit.layers[0].use_bias
    assert np.isfinite(array(unit(draw((2, 5, 5, 3))))).all()


@pytest.mark.parametrize("inner", ["layer", "group:4", "instance", "rms", "unit"])
def test_a_proxy_follows_its_inner_normalizer(inner):
    unit = keras_norms.get(f"proxy({inner})")(keras.layers.Conv2D(8, 3), "silu")
    linear, normalizer, proxy = unit.layers
    assert type(proxy).__name__ == "ProxyNormalization"
    assert proxy.activation is keras.activations.silu
    assert linear.use_bias != (inner == "instance")
    y = unit(draw((2, 5, 5, 3)))
    assert np.isfinite(array(y)).all()
    assert [w.name for w in normalizer.weights] == ["scale"] * (inner == "rms")
    assert len(proxy.weights) == 4


def test_a_proxy_takes_its_own_arguments():
    unit = keras_norms.get("proxy(group:2):epsilon=0.1,samples=50")(keras.layers.Dense(4), None)
    assert (unit.layers[2].epsilon, unit.layers[2].samples) == (0.1, 50)
    assert unit.layers[1].groups == 2
    assert str(keras_norms.get("proxy(group:2)")) == "proxy(group:groups=2)"


def test_a_proxy_goes_with_a_reparameterization():
    assert kinds("ws+proxy(layer)")[1:] == ["GroupNormalization", "ProxyNormalization"]


@pytest.mark.parametrize(
    "spec",
    [
        "proxy",
        "proxy(batch)",
        "proxy(evonorm_s0)",
        "proxy(filter_response)",
        "proxy(proxy(layer))",
        "proxy(none)",
        "proxy(ws)",
        "proxy(ws+layer)",
        "proxy(lair)",
        "proxy(group:3.5)",
    ],
)
def test_what_has_no_proxy(spec):
    with pytest.raises(ValueError, match="spec"):
        keras_norms.get(spec)
