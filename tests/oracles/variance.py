"""Variance normalization in float64: batch normalization (Daneshmand et al. 2020) uncentred."""

from __future__ import annotations

import numpy as np

from tests.oracles.arrays import Axis, along
from tests.oracles.batch import statistics


def inference(x, gamma, beta, variance, *, axis: Axis = -1, epsilon=1e-3) -> np.ndarray:
    """x rsqrt(var + epsilon) gamma + beta: the mean is not subtracted."""
    deviation = np.sqrt(along(variance, x, axis) + epsilon)
    return along(gamma, x, axis) * x / deviation + along(beta, x, axis)


def variance(x, gamma=1.0, beta=0.0, *, axis: Axis = -1, epsilon=1e-3, mask=None) -> np.ndarray:
    """The variance is the batch's own, around its mean."""
    _, squared, _ = statistics(x, axis, mask)
    return inference(x, gamma, beta, squared, axis=axis, epsilon=epsilon)
