"""Group normalization in float64, from Wu & He 2018 (arXiv:1803.08494), equations 1 to 3 and 7."""

from __future__ import annotations

import numpy as np

from tests.oracles.arrays import along, average


def group(x, gamma=1.0, beta=0.0, *, groups=32, axis=-1, epsilon=1e-3, mask=None) -> np.ndarray:
    """Pixels of one sample whose channels satisfy floor(k G / C) = floor(i G / C) share S_i."""
    channels = x.shape[axis]
    groups = channels if groups == -1 else groups
    seen = np.broadcast_to(True if mask is None else mask, x.shape)
    moved, seen = np.moveaxis(x, axis, -1), np.moveaxis(seen, axis, -1)
    normalized = np.empty(moved.shape, np.float64)
    member = np.arange(channels) * groups // channels
    for g in range(groups):
        part, visible = moved[..., member == g], seen[..., member == g]
        over = tuple(range(1, part.ndim))
        centred = np.where(visible, part - average(part, over, visible), 0.0)
        deviation = np.sqrt(average(centred**2, over, visible) + epsilon)
        normalized[..., member == g] = (part - average(part, over, visible)) / deviation
    return along(gamma, x, axis) * np.moveaxis(normalized, -1, axis) + along(beta, x, axis)
