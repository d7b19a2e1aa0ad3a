"""Santurkar et al. 2018, Theorem 4.1: what batch normalization does to the gradient's length."""

from __future__ import annotations

import numpy as np
import pytest

from keras_norms.layers import BatchNormalization
from tests.gradients import MODES, double, program, randomize
from tests.oracles.arrays import slope
from tests.oracles.batch import batch


def theorem(x, g, gamma):
    """Channel by channel: gamma^2 / sigma^2 (|g|^2 - <1, g>^2 / m - <g, yhat>^2 / m)."""
    m, yhat = len(x), (x - x.mean(axis=0)) / x.std(axis=0)
    left = (g**2).sum(axis=0) - g.sum(axis=0) ** 2 / m - (g * yhat).sum(axis=0) ** 2 / m
    return gamma**2 / x.var(axis=0) * left


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("m", [3, 64])
def test_santurkar18_thm_squared_length_of_the_gradient(m, mode):
    rng = np.random.default_rng(m)
    x, g = rng.normal(0.5, 2.0, (m, 5)), rng.normal(0.3, 1.0, (m, 5))
    with double():
        layer = BatchNormalization(epsilon=0.0, dtype="float64")
        layer.build(x.shape)
        gamma = randomize(layer)["gamma"]
        got = (program(layer, mode, training=True)(x, g).inputs ** 2).sum(axis=0)
    np.testing.assert_allclose(got, theorem(x, g, gamma), rtol=1e-8)
    assert (got <= gamma**2 / x.var(axis=0) * (g**2).sum(axis=0)).all()


@pytest.mark.once
def test_santurkar18_thm_of_the_formula_itself():
    rng = np.random.default_rng(0)
    x, g, gamma = rng.normal(0.5, 2.0, (8, 3)), rng.normal(0.3, 1.0, (8, 3)), np.array([0.5, 1, 2])
    dx = slope(lambda v: float((batch(v, gamma, epsilon=0.0) * g).sum()), x, 1e-4)
    np.testing.assert_allclose((dx**2).sum(axis=0), theorem(x, g, gamma), rtol=1e-6)
