"""Global response normalization in float64, from Woo et al. 2023 (arXiv:2301.00808)."""

from __future__ import annotations

import numpy as np

from tests.oracles.arrays import Axis, along, average, positions


def global_response(
    x, gamma=1.0, beta=0.0, *, axis: Axis = -1, epsilon=1e-6, mask=None
) -> np.ndarray:
    """X + gamma X N(G(X)) + beta: G the length of each channel, N its share of the mean length.

    A channel without visible values is as if it were deleted.
    """
    channels = positions(axis, x.ndim)
    space = tuple(a for a in range(1, x.ndim) if a not in channels)
    seen = np.broadcast_to(True if mask is None else mask, x.shape)
    length = np.sqrt((np.where(seen, x, 0.0) ** 2).sum(axis=space, keepdims=True))
    mean = average(length, channels, seen.any(axis=space, keepdims=True))
    share = np.divide(length, mean + epsilon, out=np.zeros_like(length), where=length > 0)
    return along(gamma, x, axis) * (x * share) + along(beta, x, axis) + x
