"""Adaptive gradient clipping in float64 (Brock et al. 2021, equation 3)."""

from __future__ import annotations

import numpy as np


def clipped(
    gradient: np.ndarray,
    weight: np.ndarray,
    axes: tuple[int, ...],
    *,
    clipping: float = 0.01,
    epsilon: float = 1e-3,
) -> np.ndarray:
    """`axes` are those of one unit."""
    gradient, weight = np.asarray(gradient, np.float64), np.asarray(weight, np.float64)
    norm = np.sqrt((gradient**2).sum(axis=axes, keepdims=True))
    allowed = np.maximum(np.sqrt((weight**2).sum(axis=axes, keepdims=True)), epsilon)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(norm / allowed > clipping, clipping * allowed / norm * gradient, gradient)
