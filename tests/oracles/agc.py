"""Adaptive gradient clipping in float64 (Brock et al. 2021, equation 3)."""

from __future__ import annotations

import numpy as np


def length(x: np.ndarray, axes: tuple[int, ...], norm_type: float) -> np.ndarray:
    if norm_type == np.inf:
        return np.abs(x).max(axis=axes, keepdims=True)
    return (np.abs(x) ** norm_type).sum(axis=axes, keepdims=True) ** (1 / norm_type)


def clipped(
    gradient: np.ndarray,
    weight: np.ndarray,
    axes: tuple[int, ...],
    *,
    clipping: float = 0.01,
    epsilon: float = 1e-3,
    norm_type: float = 2.0,
) -> np.ndarray:
    """`axes` are those of one unit."""
    gradient, weight = np.asarray(gradient, np.float64), np.asarray(weight, np.float64)
    norm = length(gradient, axes, norm_type)
    allowed = np.maximum(length(weight, axes, norm_type), epsilon)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(norm / allowed > clipping, clipping * allowed / norm * gradient, gradient)
