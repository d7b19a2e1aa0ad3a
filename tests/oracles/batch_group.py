"""Batch group normalization in float64, from Zhou et al. 2020 (arXiv:2012.02782)."""

from __future__ import annotations

import numpy as np

from tests.oracles.arrays import along, average


def runs(x: np.ndarray, groups: int, axis: int = -1) -> list[tuple[slice, ...]]:
    """x with channels first as (examples, M), and the groups of its columns."""
    values = x[0].size // groups
    return [slice(g * values, (g + 1) * values) for g in range(groups)]


def batch_group(x, gamma=1.0, beta=0.0, *, groups=1, axis=-1, epsilon=1e-3, mask=None):
    """Channels and places in one row, in groups, each by its moments over (N, S)."""
    seen = np.moveaxis(np.broadcast_to(True if mask is None else mask, x.shape), axis, 1)
    first = np.moveaxis(x, axis, 1)
    row, visible = first.reshape(len(x), -1), seen.reshape(len(x), -1)
    normalized = np.empty(row.shape, np.float64)
    for own in runs(x, groups):
        part, m = row[:, own], visible[:, own]
        mean = average(part, (0, 1), m)
        variance = average((np.where(m, part, mean) - mean) ** 2, (0, 1), m)
        normalized[:, own] = (part - mean) / np.sqrt(variance + epsilon)
    y = np.moveaxis(normalized.reshape(first.shape), 1, axis)
    return along(gamma, x, axis) * y + along(beta, x, axis)


def statistics(x: np.ndarray, groups: int, axis: int = -1) -> tuple[np.ndarray, np.ndarray]:
    """Mean and biased variance of each group."""
    row = np.moveaxis(x, axis, 1).reshape(len(x), -1)
    parts = [row[:, own] for own in runs(x, groups)]
    return np.array([p.mean() for p in parts]), np.array([p.var() for p in parts])
