"""Summaries of signals, histograms, norms and angles against NumPy and closed forms."""

from __future__ import annotations

import math

import keras
import numpy as np
import pytest

import keras_norms
from keras_norms.probes.moments import channel_moments, histogram, layers_of, summary
from keras_norms.probes.rotation import angles, norms
from tests.probes.small_networks import convolutional

pytestmark = pytest.mark.once


def test_moments_of_channels():
    values = np.random.default_rng(0).normal([1, -2, 30], [1, 2, 3], (500, 4, 5, 3))
    mean, variance = channel_moments(values.astype(np.float32))
    np.testing.assert_allclose(mean, values.mean(axis=(0, 1, 2)), rtol=1e-5)
    np.testing.assert_allclose(variance, values.var(axis=(0, 1, 2)), rtol=1e-5)
    found = summary(values.astype(np.float32))
    assert found["mean"] == pytest.approx(values.mean(), rel=1e-5)
    assert found["std"] == pytest.approx(values.std(), rel=1e-5)
    assert found["channel_mean"] == pytest.approx(11, rel=0.01)
    assert found["channel_std"] == pytest.approx(2, rel=0.01)


def test_histograms():
    values = np.random.default_rng(0).normal(0, 0.1, 100_000).astype(np.float32)
    found = histogram(values, 41)
    assert sum(found["counts"]) == len(values)
    assert found["edges"][0] == -found["edges"][-1] == -np.abs(values).max()
    assert found["std"] == pytest.approx(0.1, rel=0.01)
    assert found["kurtosis"] == pytest.approx(3, abs=0.1)
    assert histogram(np.float32([-1, 1]), 2)["kurtosis"] == 1
    assert histogram(np.zeros(3), 3)["counts"] == [0, 3, 0]
    assert math.isnan(histogram(np.zeros(3), 3)["kurtosis"])


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_in_no_bin(odd: float):
    found = histogram(np.float32([-1, odd, 1, 1]), 2)
    assert found["counts"] == [1, 2]
    assert math.isnan(found["std"])
    assert math.isnan(found["kurtosis"])
    assert sum(histogram(np.float32([odd]), 2)["counts"]) == 0


def test_layers_of_a_kind():
    model = convolutional(normalized=True)
    names = {kind: [layer.name for layer in layers_of(model, kind)] for kind in
             ("linear", "normalizers", "activations", "additions")}  # fmt: skip
    assert names["linear"] == ["first", "second", "third", "head"]
    assert names["additions"] == ["sum"]
    assert len(names["normalizers"]) == len(names["activations"]) == 1
    wrapped = keras_norms.get("weight")(keras.layers.Dense(3), "relu")
    inputs = keras.Input((4,))
    (layer,) = layers_of(keras.Model(inputs, wrapped(inputs)), "linear")
    assert layer is wrapped.layers[0]
    with pytest.raises(ValueError, match="kind='pools'"):
        layers_of(model, "pools")


@pytest.mark.parametrize("angle", [0.0, 1e-6, 0.3, math.pi / 2, math.pi])
def test_angles(angle: float):
    one = np.array([[2.0, 0.0], [0.0, 0.0]])
    other = 5 * np.array([[math.cos(angle), math.sin(angle)], [0.0, 0.0]])
    assert angles([one], [other])[0] == pytest.approx(angle, rel=1e-6, abs=1e-12)
    assert norms([one, other]) == pytest.approx([2, 5])
    assert math.isnan(angles([one], [0 * one])[0])
