"""Dynamic erf in float64, from Chen et al. 2025 (arXiv:2512.10938)."""

from __future__ import annotations

import math

import numpy as np

from tests.oracles.arrays import Axis, along

ERF = np.vectorize(math.erf, otypes=[np.float64])


def dynamic_erf(
    x, gamma=1.0, beta=0.0, *, axis: Axis = -1, alpha=0.5, shift=0.0, **unused
) -> np.ndarray:
    """gamma * erf(alpha x + s) + beta, value by value."""
    return along(gamma, x, axis) * ERF(alpha * x + shift) + along(beta, x, axis)
