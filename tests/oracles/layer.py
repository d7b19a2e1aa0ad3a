"""Layer normalization in float64, from Ba, Kiros & Hinton 2016 (arXiv:1607.06450), equation 3."""

from __future__ import annotations

import numpy as np

from tests.oracles.arrays import Axis, along, average, positions


def layer(x, gamma=1.0, beta=0.0, *, axis: Axis = -1, epsilon=1e-3, mask=None) -> np.ndarray:
    """mu and sigma over the H units of a layer, one pair for each training case."""
    units = positions(axis, x.ndim)
    mu = average(x, units, mask)
    squared = average((np.where(True if mask is None else mask, x, mu) - mu) ** 2, units, mask)
    return along(gamma, x, axis) * (x - mu) / np.sqrt(squared + epsilon) + along(beta, x, axis)
