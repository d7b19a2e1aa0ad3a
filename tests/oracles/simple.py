"""Division by the standard deviation of a sample, the mean kept, in float64."""

from __future__ import annotations

import numpy as np

from tests.oracles.arrays import Axis, along, average, positions


def simple(x, gain=1.0, beta=0.0, *, axis: Axis = -1, epsilon=1e-6, mask=None) -> np.ndarray:
    """x / sqrt(sum (x_i - mean)^2 / (n - 1) + epsilon), of the n visible features."""
    units = positions(axis, x.ndim)
    seen = np.broadcast_to(True if mask is None else mask, x.shape)
    number = seen.sum(axis=units, keepdims=True)
    distance = np.where(seen, x - average(x, units, seen), 0.0)
    variance = (distance**2).sum(axis=units, keepdims=True) / np.maximum(number - 1, 1)
    return along(gain, x, axis) * x / np.sqrt(variance + epsilon) + along(beta, x, axis)
