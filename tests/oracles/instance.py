"""Instance normalization in float64, from Ulyanov et al. 2016 (arXiv:1607.08022), equation 3."""

from __future__ import annotations

import numpy as np

from tests.oracles.arrays import Axis, along, average, positions


def instance(x, gamma=1.0, beta=0.0, *, axis: Axis = -1, epsilon=1e-3, mask=None) -> np.ndarray:
    """mu_ti and sigma_ti over the positions of one image t and one feature channel i."""
    over = tuple(a for a in range(1, x.ndim) if a not in positions(axis, x.ndim))
    mu = average(x, over, mask)
    squared = average((np.where(True if mask is None else mask, x, mu) - mu) ** 2, over, mask)
    return along(gamma, x, axis) * (x - mu) / np.sqrt(squared + epsilon) + along(beta, x, axis)
