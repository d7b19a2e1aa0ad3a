"""Switchable normalization in float64, from Luo et al. 2019 (arXiv:1806.10779)."""

from __future__ import annotations

import numpy as np

from tests.oracles.arrays import Axis, along, average, positions


def statistics(x, axis: Axis = -1, mask=None) -> list[tuple[np.ndarray, np.ndarray]]:
    """Mean and variance over the three sets of pixels: instance, layer and batch."""
    channels = positions(axis, x.ndim)
    space = tuple(a for a in range(1, x.ndim) if a not in channels)
    found = []
    for over in (space, space + channels, (0, *space)):
        mean = average(x, over, mask)
        centred = np.where(True if mask is None else mask, x, mean) - mean
        found.append((mean, average(centred**2, over, mask)))
    return found


def softmax(weights) -> np.ndarray:
    powers = np.exp(np.asarray(weights) - np.max(weights))
    return powers / powers.sum()


def switchable(
    x,
    gamma=1.0,
    beta=0.0,
    *,
    mean_weights=(1.0, 1.0, 1.0),
    variance_weights=(1.0, 1.0, 1.0),
    axis: Axis = -1,
    epsilon=1e-3,
    mask=None,
) -> np.ndarray:
    means, variances = zip(*statistics(x, axis, mask), strict=True)
    mean = sum(w * m for w, m in zip(softmax(mean_weights), means, strict=True))
    variance = sum(w * v for w, v in zip(softmax(variance_weights), variances, strict=True))
    return along(gamma, x, axis) * (x - mean) / np.sqrt(variance + epsilon) + along(beta, x, axis)
