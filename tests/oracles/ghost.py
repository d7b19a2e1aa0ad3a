"""Ghost batch normalization in float64, from Hoffer et al. 2017 (arXiv:1705.08741)."""

from __future__ import annotations

import numpy as np

from tests.oracles.batch import batch, statistics


def cut(x: np.ndarray, size: int) -> list[np.ndarray]:
    """The virtual batches, in order, the last one with what is left over."""
    return [x[start : start + size] for start in range(0, len(x), size)]


def ghost(x, gamma=1.0, beta=0.0, *, virtual_batch_size, mask=None, **known) -> np.ndarray:
    """Algorithm 1, training: each virtual batch by its own statistics."""
    seen = np.broadcast_to(True if mask is None else mask, x.shape)
    parts = zip(cut(x, virtual_batch_size), cut(seen, virtual_batch_size), strict=True)
    return np.concatenate([batch(part, gamma, beta, mask=m, **known) for part, m in parts])


def moving(
    x: np.ndarray, size: int, momentum: float, mean: np.ndarray, variance: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The moving averages after the virtual batches one after the other."""
    for part in cut(x, size):
        of_mean, of_variance, count = statistics(part)
        for channel in np.flatnonzero(count > 1):
            mean[channel] += (1 - momentum) * (of_mean[channel] - mean[channel])
            variance[channel] += (1 - momentum) * (of_variance[channel] - variance[channel])
    return mean, variance
