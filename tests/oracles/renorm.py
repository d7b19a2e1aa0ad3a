"""Batch renormalization in float64, from Ioffe 2017 (arXiv:1702.03275), Algorithm 1."""

from __future__ import annotations

import numpy as np

from tests.oracles.arrays import Axis, along
from tests.oracles.batch import statistics


def corrections(
    x, moving_mean, moving_variance, r_max, d_max, *, axis: Axis = -1, epsilon=1e-3, mask=None
) -> tuple[np.ndarray, np.ndarray]:
    """r = clip(sigma_B / sigma, 1/r_max, r_max), d = clip((mu_B - mu) / sigma, -d_max, d_max)."""
    mean, variance, _ = statistics(x, axis, mask)
    deviation = np.sqrt(moving_variance + epsilon)
    r = np.minimum(np.maximum(np.sqrt(variance + epsilon) / deviation, 1 / r_max), r_max)
    return r, np.minimum(np.maximum((mean - moving_mean) / deviation, -d_max), d_max)


def renorm(
    x, gamma=1.0, beta=0.0, *, r=1.0, d=0.0, axis: Axis = -1, epsilon=1e-3, mask=None
) -> np.ndarray:
    """y = gamma ((x - mu_B) / sigma_B r + d) + beta, r and d given: they have no gradient."""
    mean, variance, _ = (along(s, x, axis) for s in statistics(x, axis, mask))
    normalized = (x - mean) / np.sqrt(variance + epsilon) * along(r, x, axis) + along(d, x, axis)
    return along(gamma, x, axis) * normalized + along(beta, x, axis)


def bound(step: int, first: float, last: float, start: int, end: int) -> float:
    """Section 3's schedule: first until `start`, then in a line to last at `end`."""
    if step >= end:
        return last
    return first if step <= start else first + (last - first) * (step - start) / (end - start)
