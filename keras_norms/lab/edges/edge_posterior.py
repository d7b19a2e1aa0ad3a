"""What is known of one edge: its distribution over the range and beyond either end of it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from keras_norms.lab.edges.verdict_noise import PER_DECADE, Range

CREDIBLE = 0.9


@dataclass(frozen=True)
class EdgePosterior:
    """A distribution of the log10 learning rate at which runs change from good to bad.

    Attributes:
        weights: probability of each of `range.thresholds`, shape (thresholds,); the first one
            stands for an edge below the range, or for no learning rate that is good at all, the
            last one for an edge above it. (Of a lower edge, whose other side is good, the last.)
    """

    range: Range
    weights: np.ndarray

    @property
    def none(self) -> float:
        """Probability that no learning rate of the range is good."""
        return float(self.weights[0])

    @property
    def every(self) -> float:
        """Probability that the edge is above the range."""
        return float(self.weights[-1])

    @property
    def median(self) -> float:
        """log10 of the edge; -inf for "none", inf for "every"."""
        return self.quantile(0.5)

    def interval(self, credible: float = CREDIBLE) -> tuple[float, float]:
        """The central interval that holds the edge with probability `credible`."""
        return self.quantile((1 - credible) / 2), self.quantile((1 + credible) / 2)

    def quantile(self, q: float) -> float:
        """The q-quantile, linear within a bin."""
        total = np.cumsum(self.weights)
        k = min(int(np.searchsorted(total, q * total[-1])), len(total) - 1)
        place = float(self.range.thresholds[k])
        if math.isinf(place):
            return place
        share = (q * total[-1] - total[k - 1]) / self.weights[k]
        return place + (float(share) - 0.5) / PER_DECADE

    def at_least(self, other: EdgePosterior) -> EdgePosterior:
        """The smallest move up after which no quantile lies below the same one of `other`."""
        below = np.minimum(*(np.cumsum(one.weights) / one.weights.sum() for one in (self, other)))
        return EdgePosterior(self.range, np.diff(below, prepend=0.0))

    def settled(self, width: float) -> bool:
        """Whether the interval, as far as it lies in the range, is at most `width` decades wide."""
        low, high = np.clip(self.interval(), self.range.low, self.range.high)
        return bool(high - low <= width)
