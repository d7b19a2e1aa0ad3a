"""Instance enhancement in float64, from Liang et al. 2020 (arXiv:1908.04008)."""

from __future__ import annotations

import numpy as np

from tests.oracles.arrays import Axis, along, average, positions
from tests.oracles.batch import batch


def gate(x, gate_gamma=0.0, gate_beta=-1.0, *, axis: Axis = -1, mask=None) -> np.ndarray:
    """delta = sigmoid(gamma_hat * mean of x over the places of an instance + beta_hat)."""
    over = tuple(a for a in range(1, x.ndim) if a not in positions(axis, x.ndim))
    mean = average(x, over, mask)
    return 1 / (1 + np.exp(-along(gate_gamma, x, axis) * mean - along(gate_beta, x, axis)))


def instance_enhancement(
    x,
    gamma=1.0,
    beta=0.0,
    gate_gamma=0.0,
    gate_beta=-1.0,
    *,
    axis: Axis = -1,
    epsilon=1e-3,
    mask=None,
) -> np.ndarray:
    """y = x_hat (gamma delta) + beta."""
    normalized = batch(x, axis=axis, epsilon=epsilon, mask=mask)
    delta = gate(x, gate_gamma, gate_beta, axis=axis, mask=mask)
    return normalized * along(gamma, x, axis) * delta + along(beta, x, axis)
