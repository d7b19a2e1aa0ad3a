"""Lp normalization in float64, from Santurkar et al. 2018 (arXiv:1805.11604), Section 3.3."""

from __future__ import annotations

import numpy as np

from tests.oracles.arrays import Axis, along, average, positions


def norm(x, p, over: tuple[int, ...], mask=None, centred=True) -> tuple[np.ndarray, np.ndarray]:
    """Mean, and mean p-norm around it or around zero, dimensions kept."""
    mean = average(x, over, mask)
    origin = mean if centred else 0 * mean
    distance = np.abs(np.where(True if mask is None else mask, x, origin) - origin)
    if p == "inf":
        return mean, distance.max(axis=over, keepdims=True)
    return mean, average(distance**p, over, mask) ** (1 / p)


def lp(
    x, gamma=1.0, beta=0.0, *, p=2, centred=False, axis: Axis = -1, epsilon=1e-3, mask=None
) -> np.ndarray:
    """The first moment is fixed as by batch normalization, then the mean p-norm divides."""
    over = tuple(a for a in range(x.ndim) if a not in positions(axis, x.ndim))
    mean, size = norm(x, p, over, mask, centred)
    return along(gamma, x, axis) * (x - mean) / np.sqrt(size**2 + epsilon) + along(beta, x, axis)
