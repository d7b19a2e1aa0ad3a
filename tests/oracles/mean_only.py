"""Mean-only batch normalization in float64, from Salimans & Kingma 2016 (arXiv:1602.07868)."""

from __future__ import annotations

import numpy as np

from tests.oracles.arrays import Axis, along, average, positions


def mean_only(x, gamma=1.0, beta=0.0, *, axis: Axis = -1, epsilon=0.0, mask=None) -> np.ndarray:
    """Section 4: t - mu[t] + b. gamma and epsilon are what the other oracles have too."""
    over = tuple(a for a in range(x.ndim) if a not in positions(axis, x.ndim))
    return x - average(x, over, mask) + along(beta, x, axis)


def gradient(dy: np.ndarray, axis: Axis = -1) -> np.ndarray:
    """Equation 13: dL/dt = dL/dy - mu[dL/dy]."""
    over = tuple(a for a in range(dy.ndim) if a not in positions(axis, dy.ndim))
    return dy - dy.mean(over, keepdims=True)
