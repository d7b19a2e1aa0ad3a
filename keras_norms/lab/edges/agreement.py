"""How well predicted learning rates agree with measured ones: correlation and ratio."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import rankdata

FEWEST_FOR_A_CORRELATION, FEWEST_FOR_AN_INTERVAL = 3, 8

RESAMPLES = 10_000
Interval = tuple[float, float] | None


@dataclass(frozen=True)
class Agreement:
    """Of predictions with measurements, both positive; pairs that lack either are left out.

    Attributes:
        pairs: how many are left.
        pearson: correlation of the logarithms; NaN below 3 pairs, or where one side is constant.
        spearman: correlation of the ranks, likewise.
        pearson_interval: central 95 % over resampled pairs; None below 8 of them, or
            where one side is constant in a resample.
        spearman_interval: likewise.
        ratios: measured over predicted, sorted.
    """

    pairs: int
    pearson: float
    pearson_interval: Interval
    spearman: float
    spearman_interval: Interval
    ratios: tuple[float, ...]


def agreement(predicted: Sequence[float], measured: Sequence[float]) -> Agreement:
    """Compares learning rates, one pair a cell; NaN stands for one that is missing."""
    points = np.stack([predicted, measured], axis=-1).astype(np.float64)
    points = np.log10(points[(np.isfinite(points) & (points > 0)).all(axis=-1)])
    found = {}
    for name, statistic in (("pearson", pearson), ("spearman", spearman)):
        enough = len(points) >= FEWEST_FOR_A_CORRELATION
        found[name] = float(statistic(points)) if enough else float("nan")
        many = len(points) >= FEWEST_FOR_AN_INTERVAL
        interval = bootstrap(points, statistic) if many else (float("nan"),) * 2
        # A resample in which one side is constant has no correlation, and so no interval.
        found[f"{name}_interval"] = None if np.isnan(interval).any() else interval
    ratios = np.sort(10 ** (points[:, 1] - points[:, 0]))
    return Agreement(pairs=len(points), ratios=tuple(ratios.tolist()), **found)


def pearson(points: np.ndarray, axis: int = 0) -> np.ndarray:
    """Correlation of the two columns of `points`, shape (..., pairs, 2); NaN if one is constant."""
    centred = points - points.mean(axis=axis, keepdims=True)
    x, y = centred[..., 0], centred[..., 1]
    scale = np.sqrt((x * x).sum(axis) * (y * y).sum(axis))
    return np.where(scale > 0, (x * y).sum(axis) / np.where(scale > 0, scale, 1), np.nan)


def spearman(points: np.ndarray, axis: int = 0) -> np.ndarray:
    """Correlation of the ranks."""
    return pearson(rankdata(points, axis=axis), axis)


def partial(points: np.ndarray, given: np.ndarray) -> float:
    """Correlation of the two columns of `points` after each is regressed on `given`.

    Of the logarithms, as those of `agreement`: what a prediction tells beyond a baseline.
    """
    design = np.stack([np.ones(len(given)), given], axis=-1)
    left = points - design @ np.linalg.lstsq(design, points, rcond=None)[0]
    return float(pearson(left))


def bootstrap(points: np.ndarray, statistic: Any) -> tuple[float, float]:
    """The central 95 % of the statistic over resampled pairs, drawn alike each time."""
    draws = np.random.default_rng(0).integers(0, len(points), (RESAMPLES, len(points)))
    low, high = np.percentile(statistic(points[draws], axis=1), [2.5, 97.5], method="nearest")
    return float(low), float(high)
