"""Ioffe & Szegedy 2015, Algorithm 2: the statistics of inference, and how Keras's own differ."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

from keras_norms.layers import BatchNormalization
from tests.gradients import MODES, array, double, program, randomize

SIZES = (2, 4, 16, 60)
TRUE = 4.0  # variance of the data


class Watchers(keras.layers.Layer):
    """Layers that each see a flat batch as rows of their own number m of values, in training."""

    def __init__(self, watchers, **options):
        super().__init__(**options)
        self.sizes, self.watchers = zip(*watchers, strict=True)

    def rows(self, x, m):
        return ops.reshape(x[: x.shape[0] // m * m], (m, -1))

    def build(self, shape):
        for m, layer in zip(self.sizes, self.watchers, strict=True):
            layer.build((m, shape[0] // m))

    def call(self, x, mask=None):
        for m, layer in zip(self.sizes, self.watchers, strict=True):
            layer(self.rows(x, m), training=True)
        return x


def batches(number, size, dtype="float64"):
    """Independent values of mean 3; several channels, so that little is left to chance."""
    return np.random.default_rng(0).normal(3.0, TRUE**0.5, (number, size)).astype(dtype)


def watch(watchers, data):
    """Show every batch to every layer."""
    everyone = Watchers(watchers, dtype=watchers[0][1].dtype_policy)
    step = program(everyone, MODES[-1])
    for x in data:
        step(x, None)


def remembered(layer):
    return array(layer.moving_mean.value), array(layer.moving_variance.value)


@pytest.fixture(scope="module")
def populations():
    """2,000 batches in Algorithm 2's memory and in a biased one, for every m."""
    data = batches(2000, 240)

    def each(unbiased):
        options = {"unbiased": unbiased, "center": False, "scale": False, "dtype": "float64"}
        return [(m, BatchNormalization(momentum=None, **options)) for m in SIZES]

    with double():
        paper, biased = each(True), each(False)
        watch([*paper, *biased], data)
    return data, dict(paper), dict(biased)


@pytest.mark.full
@pytest.mark.parametrize("m", SIZES)
def test_ioffe15_alg2_is_the_mean_of_the_unbiased_variances(m, populations):
    data, paper, _ = populations
    mean, variance = remembered(paper[m])
    values = data.reshape(2000, m, -1)
    np.testing.assert_allclose(mean, values.mean(axis=1).mean(axis=0), atol=1e-9)
    np.testing.assert_allclose(variance, values.var(axis=1, ddof=1).mean(axis=0), atol=1e-9)


@pytest.mark.full
@pytest.mark.parametrize("m", SIZES)
def test_ioffe15_alg2_population_variance(m, populations):
    _, paper, biased = populations
    assert abs(remembered(paper[m])[1].mean() - TRUE) / TRUE < 0.03
    assert abs(remembered(biased[m])[1].mean() - TRUE * (m - 1) / m) / TRUE < 0.03


@pytest.mark.parametrize("m", SIZES)
def test_ioffe15_alg2_inference_is_one_affine_map(m, populations):
    """Line 11: gamma / sqrt(Var + eps) * x + (beta - gamma * E / sqrt(Var + eps))."""
    data, paper, _ = populations
    x, (mean, variance) = data[0].reshape(m, -1), remembered(paper[m])
    with double():
        layer = BatchNormalization(dtype="float64")
        layer.build(x.shape)
        weights = randomize(layer)
        layer.moving_mean.assign(mean)
        layer.moving_variance.assign(variance)
        got = array(layer(x, training=False))
    factor = weights["gamma"] / np.sqrt(variance + layer.epsilon)
    assert np.abs(got - (factor * x + (weights["beta"] - factor * mean))).max() < 1e-6


@pytest.mark.full
@pytest.mark.once
def test_ioffe15_alg2_keras_gap():
    """Keras averages the biased variance, so that its memory is (m - 1) / m of the truth."""
    options = {"momentum": 0.9, "center": False, "scale": False}
    layers = {m: keras.layers.BatchNormalization(**options) for m in SIZES}
    watch([*layers.items()], batches(3000, 3840, "float32"))
    for m, layer in layers.items():
        assert abs(remembered(layer)[1].mean() / TRUE - (m - 1) / m) < 0.03, m
