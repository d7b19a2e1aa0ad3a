"""PolyNorm of order three in float64, from Zhuo et al. 2024 (arXiv:2411.03884)."""

from __future__ import annotations

import numpy as np

from tests.oracles.arrays import Axis, average, positions


def poly(
    x,
    gamma=1.0,
    beta=0.0,
    *,
    axis: Axis = -1,
    epsilon=1e-6,
    weight=(1 / 3, 1 / 3, 1 / 3),
    bias=0.0,
    mask=None,
) -> np.ndarray:
    """The cube first; gamma and beta are what other oracles have too, and here without effect."""
    result = np.full(x.shape, np.float64(bias))
    for factor, order in zip(weight, (3, 2, 1), strict=True):
        power = np.asarray(x, np.float64) ** order
        seen = power if mask is None else np.where(mask, power, 0.0)
        mean = average(seen**2, positions(axis, x.ndim), mask)
        result = result + factor * power / np.sqrt(mean + epsilon)
    return result
