"""The array handling that every oracle needs; the mathematics is in the files beside it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Axis = int | list[int] | tuple[int, ...]


def positions(axis: Axis, rank: int) -> tuple[int, ...]:
    """The axes as sorted non-negative numbers: (-1, 1) of a rank 4 tensor are (1, 3)."""
    axes = axis if isinstance(axis, list | tuple) else (axis,)
    return tuple(sorted(a % rank for a in axes))


def along(weight: np.ndarray | float, x: np.ndarray, axis: Axis) -> np.ndarray:
    """A weight with one dimension an axis, shaped so that it broadcasts against x."""
    kept = positions(axis, x.ndim)
    shape = [x.shape[a] if a in kept else 1 for a in range(x.ndim)]
    return np.broadcast_to(weight, [x.shape[a] for a in kept]).astype(np.float64).reshape(shape)


def average(x: np.ndarray, over: tuple[int, ...], mask: np.ndarray | None = None) -> np.ndarray:
    """The mean of the visible values, dimensions kept; zero where none is visible."""
    seen = np.ones(x.shape, bool) if mask is None else np.broadcast_to(mask, x.shape)
    total = np.where(seen, x, 0.0).sum(axis=over, keepdims=True)
    return total / np.maximum(seen.sum(axis=over, keepdims=True), 1)


def slope(function: Callable[[np.ndarray], float], at: np.ndarray, step: float) -> np.ndarray:
    """Central differences of a scalar function: (f(x + h) - f(x - h)) / 2h, value by value."""
    at = np.array(at, np.float64)
    gradient = np.zeros_like(at)
    for index in np.ndindex(at.shape):
        kept = at[index]
        at[index] = kept + step
        above = function(at)
        at[index] = kept - step
        gradient[index] = (above - function(at)) / (2 * step)
        at[index] = kept
    return gradient
