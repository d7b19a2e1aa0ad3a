"""Filter response normalization in float64, from Singh & Krishnan 2020 (arXiv:1911.09737)."""

from __future__ import annotations

import numpy as np

from tests.oracles.arrays import Axis, along, average, positions


def filter_response(
    x, gamma=1.0, beta=0.0, *, axis: Axis = -1, epsilon=1e-6, learned_epsilon=0.0, mask=None
) -> np.ndarray:
    """nu^2 = sum_i x_i^2 / N over the N positions of one filter response."""
    over = tuple(a for a in range(1, x.ndim) if a not in positions(axis, x.ndim))
    nu2 = average(x**2 if mask is None else np.where(mask, x, 0.0) ** 2, over, mask)
    normalized = x / np.sqrt(nu2 + epsilon + abs(learned_epsilon))
    return along(gamma, x, axis) * normalized + along(beta, x, axis)


def thresholded(x, tau, *, axis: Axis = -1) -> np.ndarray:
    """TLU: z_i = max(y_i, tau)."""
    return np.where(x > along(tau, x, axis), x, along(tau, x, axis))
