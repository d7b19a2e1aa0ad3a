"""The slope of an edge over depth: the exponent a of `edge = c depth^a`, with its interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from keras_norms.lab.edges.edge import Edge
from keras_norms.lab.edges.edge_posterior import CREDIBLE
from keras_norms.lab.edges.verdict_noise import PER_DECADE

TWO_SIDED = float(ndtri((1 + CREDIBLE) / 2))  # standard deviations of half an interval
GRID = 1 / PER_DECADE / math.sqrt(12)  # decades: an edge is known no better than its grid
FEWEST = 2  # depths; with two the line cannot be checked


@dataclass(frozen=True)
class Slope:
    """Attributes:
    value: the exponent; NaN where fewer than two depths have an edge.
    interval: central 90 %.
    depths: those whose edges the line goes through.
    scatter: by how much the edges lie further from the line than their own intervals say; the
        interval of the slope is widened by it where it is above 1. NaN for two depths.
    """

    value: float
    interval: tuple[float, float]
    depths: tuple[int, ...]
    scatter: float

    def __str__(self) -> str:
        if math.isnan(self.value):
            return "–"
        low, high = (f"{one:+.2f}".replace("-", "−") for one in self.interval)
        return f"{self.value:+.2f} [{low}, {high}]".replace("-", "−")


UNKNOWN = Slope(math.nan, (math.nan, math.nan), (), math.nan)


def slope(depths: Sequence[int], edges: Sequence[Edge]) -> Slope:
    """Of the edges that are known to a decade and lie in the range, by weighted least squares.

    Each depth weighs by its 90 % interval. Where the edges scatter around the line by more than
    that, chi^2 over its degrees of freedom above 1, the slope's interval is widened by the square
    root, as the Particle Data Group does.
    """
    kept = [(d, e) for d, e in zip(depths, edges, strict=True) if has_place(e)]
    if len(kept) < FEWEST:
        return UNKNOWN
    x = np.log10([depth for depth, _ in kept])
    y = np.log10([edge.median for _, edge in kept])
    return fitted(x, y, np.array([sigma(edge) for _, edge in kept]), tuple(d for d, _ in kept))


def fitted(x: np.ndarray, y: np.ndarray, sigmas: np.ndarray, depths: tuple[int, ...]) -> Slope:
    """The line through points of known standard deviations."""
    weights = sigmas**-2
    centre = (weights * x).sum() / weights.sum()
    leverage = (weights * (x - centre) ** 2).sum()
    value = float((weights * (x - centre) * y).sum() / leverage)
    offset = (weights * (y - value * (x - centre))).sum() / weights.sum()
    left = len(x) - 2
    misfit = float((weights * (y - offset - value * (x - centre)) ** 2).sum())
    scatter = math.sqrt(misfit / left) if left else math.nan
    half = TWO_SIDED / math.sqrt(leverage) * max(1.0, scatter if left else 1.0)
    return Slope(value, (value - half, value + half), depths, scatter)


def sigma(edge: Edge) -> float:
    """Decades: the standard deviation that the 90 % interval of the median stands for."""
    return max(edge.decades / (2 * TWO_SIDED), GRID)


def has_place(edge: Edge) -> bool:
    """Whether the edge is a learning rate, known to a decade: not "none", nor beyond the range."""
    return edge.resolved and edge.any_passed and edge.range[0] < edge.median < edge.range[1]


def by_seed(depths: Sequence[int], edges: Sequence[Edge]) -> dict[int, float]:
    """The slope of each seed's own edges, by the seed's place, over the depths at which it has one.

    A seed with fewer than two is left out.
    """
    found = {}
    for seed, own in enumerate(zip(*(edge.values for edge in edges), strict=True)):
        low, high = edges[0].range
        kept = [(d, value) for d, value in zip(depths, own, strict=True) if low < value < high]
        if len(kept) >= FEWEST:
            found[seed] = float(np.polyfit(*np.log10(np.array(kept, float)).T, 1)[0])
    return found
