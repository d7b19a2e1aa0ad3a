"""The power of activations in four parts, from Labatie et al. 2021 (arXiv:2106.03743)."""

from __future__ import annotations

import numpy as np


def powers(y: np.ndarray) -> tuple[float, float, float, float]:
    """P1 to P4 of channels-last y: what is constant in a channel, what varies over examples.

    With mean and deviation of each example x and channel c over space: E_c (E_x mean)^2,
    E_c Var_x mean, E_c (E_x deviation)^2, E_c Var_x deviation. They add up to E[y^2].
    """
    space = tuple(range(1, y.ndim - 1))
    mean, deviation = y.mean(axis=space), y.std(axis=space)
    parts = (mean.mean(0) ** 2, mean.var(0), deviation.mean(0) ** 2, deviation.var(0))
    return tuple(float(part.mean()) for part in parts)
