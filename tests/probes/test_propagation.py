"""Variance, similarity, stable rank and gradient norm against NumPy and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from keras_norms.probes.moments import layers_of
from keras_norms.probes.network import Network, Signal
from keras_norms.probes.propagation import (
    activation_variance,
    cosine_similarity,
    gradient_norm,
    propagation,
    stable_rank,
)
from tests.probes.small_networks import batch, convolutional


def gram(values: np.ndarray) -> np.ndarray:
    """Of the flattened examples at length one, two by two, in float64."""
    flat = [one.ravel().astype(float) for one in values]
    return np.array([[a @ b / np.sqrt((a @ a) * (b @ b)) for b in flat] for a in flat])


@pytest.mark.once
@pytest.mark.parametrize("shape", [(7, 5), (7, 4, 3, 2), (40, 6)])
@pytest.mark.parametrize("scale", [1.0, 1e-30, 1e30])
def test_against_a_gram_matrix_two_by_two(shape, scale):
    values = np.random.default_rng(0).normal(1, 2, shape) * scale
    expected = gram(values)
    single = values.astype(np.float32)
    off = expected[~np.eye(len(values), dtype=bool)]
    assert cosine_similarity(single) == pytest.approx(off.mean(), abs=1e-6)
    assert stable_rank(single) == pytest.approx(len(values) / np.linalg.norm(expected, 2), rel=1e-5)


@pytest.mark.once
def test_closed_forms():
    assert cosine_similarity(np.eye(5, dtype=np.float32)) == pytest.approx(0)
    assert stable_rank(np.eye(5, dtype=np.float32)) == pytest.approx(5)
    alike = np.arange(1, 4, dtype=np.float32)[:, None] * np.float32([[3, -1]])
    assert cosine_similarity(alike) == pytest.approx(1)
    assert stable_rank(alike) == pytest.approx(1)
    values = np.float32([[[0, 1], [2, 1]], [[4, 1], [6, 1]]])  # variances 5 and 0
    assert activation_variance(values) == pytest.approx(2.5)
    assert gradient_norm(np.full((4, 3), 2, np.float32)) == pytest.approx(math.sqrt(48))


@pytest.mark.once
@pytest.mark.parametrize("odd", [np.nan, np.inf])
def test_what_is_not_finite_has_no_direction(odd):
    values = np.float32([[1, odd], [1, 2]])
    with np.errstate(invalid="ignore"):
        assert math.isnan(cosine_similarity(values))
        assert math.isnan(stable_rank(values))
    assert math.isnan(stable_rank(np.zeros((3, 2), np.float32)))
    assert cosine_similarity(np.float32([[0, 0], [1, 0], [1, 0]])) == pytest.approx(1 / 3)
    assert math.isnan(cosine_similarity(np.ones((1, 2), np.float32)))


@pytest.mark.parametrize("normalized", [False, True])
def test_of_the_layers_of_a_network(normalized):
    """Both sides of each linear layer; the features are what the pool is given."""
    (x, y), model = batch(), convolutional(normalized=normalized)
    linear = Network(model, layers_of(model, "linear")).look(x, y).signals
    for signal in linear:
        for side in ("input", "output"):
            values, found = getattr(signal, side), propagation(signal, side)
            off = gram(values)[~np.eye(len(x), dtype=bool)]
            assert found["similarity"] == pytest.approx(off.mean(), abs=1e-6)
            flat = values.astype(float).reshape(-1, values.shape[-1])
            assert found["variance"] == pytest.approx(flat.var(axis=0).mean(), rel=1e-5)
            slopes = signal.gradient.astype(float)
            assert found["gradient"] == pytest.approx(np.sqrt((slopes**2).sum()), rel=1e-6)
    (pool,) = layers_of(model, "features")
    (features,) = Network(model, [pool]).look(x, y).signals
    assert features.input.shape == (6, 3, 3, 4)
    np.testing.assert_allclose(features.input.mean(axis=(1, 2)), linear[-1].input, atol=1e-5)


def test_the_features_of_a_network_without_a_pool():
    import keras

    inputs = keras.Input((4,))
    hidden = keras.layers.Dense(3, activation="relu")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(2, name="head")(hidden))
    (head,) = layers_of(model, "features")
    assert head.name == "head"
    assert isinstance(Network(model, [head]).look(np.ones((2, 4)), np.int32([0, 1])).signals[0],
                      Signal)  # fmt: skip
