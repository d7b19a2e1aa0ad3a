"""Where an edge may lie, and how the verdicts of single runs scatter around it.

All in decades: a learning rate is its log10. An edge t is seen through noise: a run at x is above
it with probability

    above(x, t) = 1 / (1 + exp(-(x - t) / scale))

since seed, batch order and chaos move the place at which one run fails. The scale is unknown, and
so is the lapse rate, the share of verdicts that are drawn at random. Both are summed over, so that
one odd verdict widens an interval and does not ruin it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import expit

from keras_norms.lab.errors import BadInput

PER_DECADE = 20
SCALES = np.array([0.02, 0.05, 0.1, 0.2, 0.4])  # decades
SCALE_PRIOR = np.array([0.15, 0.2, 0.25, 0.25, 0.15])
LAPSES = np.array([0.01, 0.1])
LAPSE_PRIOR = np.array([0.75, 0.25])


@dataclass(frozen=True)
class Range:
    """The learning rates from `low` to `high`, both as log10.

    Raises:
        BadInput: the range is empty or not finite.
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        if not -np.inf < self.low < self.high < np.inf:
            raise BadInput(
                f"low={self.low}, high={self.high} is no range of log10 learning rates; "
                "write two numbers, the smaller one first"
            )

    @cached_property
    def rates(self) -> np.ndarray:
        """The learning rates that may be tried: whole twentieths of a decade."""
        first = np.ceil(self.low * PER_DECADE - 1e-9)
        last = np.floor(self.high * PER_DECADE + 1e-9)
        inside = np.arange(first, last + 1) / PER_DECADE
        return inside if len(inside) else np.array([(self.low + self.high) / 2])

    @cached_property
    def thresholds(self) -> np.ndarray:
        """The places of a threshold: below the range, between any two rates, above the range."""
        between = (self.rates[:-1] + self.rates[1:]) / 2
        return np.concatenate([[-np.inf], between, [np.inf]])

    def above(self, x: np.ndarray | float) -> np.ndarray:
        """Probability that a run at `x` is above each threshold, (scales, thresholds, *x.shape)."""
        distance = np.asarray(x, float) - self.thresholds.reshape(-1, *[1] * np.ndim(x))
        return expit(distance / SCALES.reshape(-1, *[1] * distance.ndim))
