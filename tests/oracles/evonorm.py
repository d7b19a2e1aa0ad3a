"""EvoNorms in float64, from Liu et al. 2020 (arXiv:2004.02967)."""

from __future__ import annotations

import numpy as np

from tests.oracles.arrays import Axis, along, average, positions


def variance(x, over: tuple[int, ...], mask=None) -> np.ndarray:
    mean = average(x, over, mask)
    return average((np.where(True if mask is None else mask, x, mean) - mean) ** 2, over, mask)


def s0(x, gamma=1.0, beta=0.0, *, v=1.0, groups=32, axis=-1, epsilon=1e-5, mask=None):
    """x sigmoid(v x) / s_{h,w,c/g}(x) gamma + beta."""
    axis, channels = axis % x.ndim, x.shape[axis]
    member = np.arange(channels) * (channels if groups == -1 else groups) // channels
    seen = np.broadcast_to(True if mask is None else mask, x.shape)
    deviation = np.empty(x.shape)
    for group in np.unique(member):
        chosen = (slice(None),) * axis + (member == group,)
        over = tuple(range(1, x.ndim))
        deviation[chosen] = np.sqrt(variance(x[chosen], over, seen[chosen]) + epsilon)
    with np.errstate(over="ignore"):
        gated = x / (1 + np.exp(-along(v, x, axis) * x))
    return along(gamma, x, axis) * gated / deviation + along(beta, x, axis)


def of_example(kind, x, v, space, epsilon, mask):
    """The right-hand side of the maximum."""
    if kind == "b0":  # v x + s_{h,w}(x)
        return v * x + np.sqrt(variance(x, space, mask) + epsilon)
    rms = np.sqrt(
        average(x**2 if mask is None else np.where(mask, x, 0) ** 2, space, mask) + epsilon
    )
    return (x + 1) * rms if kind == "b1" else rms - x


def b(kind, x, gamma, beta, v, axis: Axis, epsilon, mask, moving=None) -> np.ndarray:
    """x / max(s_{b,h,w}(x), ...) gamma + beta, by the batch or by a remembered variance."""
    over = tuple(a for a in range(x.ndim) if a not in positions(axis, x.ndim))
    total = variance(x, over, mask) if moving is None else along(moving, x, axis)
    space = tuple(a for a in over if a != 0)
    right = of_example(kind, x, along(v, x, axis), space, epsilon, mask)
    divided = x / np.maximum(np.sqrt(total + epsilon), right)
    return along(gamma, x, axis) * divided + along(beta, x, axis)


def b0(x, gamma=1.0, beta=0.0, *, v=1.0, axis: Axis = -1, epsilon=1e-5, mask=None, moving=None):
    return b("b0", x, gamma, beta, v, axis, epsilon, mask, moving)


def b1(x, gamma=1.0, beta=0.0, *, axis: Axis = -1, epsilon=1e-5, mask=None, moving=None):
    return b("b1", x, gamma, beta, 0.0, axis, epsilon, mask, moving)


def b2(x, gamma=1.0, beta=0.0, *, axis: Axis = -1, epsilon=1e-5, mask=None, moving=None):
    return b("b2", x, gamma, beta, 0.0, axis, epsilon, mask, moving)
