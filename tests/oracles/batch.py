"""Batch normalization in float64, from Ioffe & Szegedy 2015 (arXiv:1502.03167)."""

from __future__ import annotations

import numpy as np

from tests.oracles.arrays import Axis, along, average, positions


def statistics(
    x: np.ndarray, axis: Axis = -1, mask: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, biased variance and number of visible values of each channel, in the weights' shape."""
    kept = positions(axis, x.ndim)
    over = tuple(a for a in range(x.ndim) if a not in kept)
    mean = average(x, over, mask)
    variance = average((np.where(True if mask is None else mask, x, mean) - mean) ** 2, over, mask)
    count = np.broadcast_to(True if mask is None else mask, x.shape).sum(axis=over)
    return mean.squeeze(over), variance.squeeze(over), count


def inference(x, gamma, beta, mean, variance, *, axis: Axis = -1, epsilon=1e-3) -> np.ndarray:
    """Algorithm 2, line 11: y = gamma (x - E[x]) / sqrt(Var[x] + epsilon) + beta."""
    rstd = 1 / np.sqrt(along(variance, x, axis) + epsilon)
    return along(gamma, x, axis) * (x - along(mean, x, axis)) * rstd + along(beta, x, axis)


def batch(x, gamma=1.0, beta=0.0, *, axis: Axis = -1, epsilon=1e-3, mask=None) -> np.ndarray:
    """Algorithm 1: the batch's own statistics."""
    mean, variance, _ = statistics(x, axis, mask)
    return inference(x, gamma, beta, mean, variance, axis=axis, epsilon=epsilon)


def gradient(x, gamma, dy, *, axis: Axis = -1, epsilon=1e-3) -> tuple[np.ndarray, ...]:
    """dx, dgamma, dbeta by the six equations of Section 3, in the paper's order."""
    over = tuple(a for a in range(x.ndim) if a not in positions(axis, x.ndim))
    m = np.prod([x.shape[a] for a in over])
    mean, variance, _ = (along(s, x, axis) for s in statistics(x, axis))
    d_normalized = dy * along(gamma, x, axis)
    d_variance = (d_normalized * (x - mean)).sum(over, keepdims=True)
    d_variance = d_variance * -0.5 * (variance + epsilon) ** -1.5
    d_mean = (-d_normalized / np.sqrt(variance + epsilon)).sum(over, keepdims=True)
    d_mean = d_mean + d_variance * (-2 * (x - mean)).sum(over, keepdims=True) / m
    dx = d_normalized / np.sqrt(variance + epsilon) + d_variance * 2 * (x - mean) / m + d_mean / m
    normalized = (x - mean) / np.sqrt(variance + epsilon)
    return dx, (dy * normalized).sum(over), dy.sum(over)


def moving(values: list[np.ndarray], momentum: float, start: float) -> np.ndarray:
    """The exponential moving average of Section 3.1 after the batches' values, oldest first."""
    remembered = np.full_like(values[0], start)
    for value in values:
        remembered = momentum * remembered + (1 - momentum) * value
    return remembered
