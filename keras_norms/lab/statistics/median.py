"""The exact interval of a median, from the order statistics of the sample alone.

Each of n independent values lies below the population's median with probability 1/2, so the number
below it is Binomial(n, 1/2), and the r-th smallest and r-th largest values enclose it with
probability

    coverage(n, r) = 1 - 2 P(Binomial(n, 1/2) < r)

whatever the distribution; where values are tied the coverage is at least that. The range (r = 1)
of n values covers 1 - 2^(1-n): 75 % for 3, 93.75 % for 5, 96.9 % for 6.

Reference: Conover 1999, Practical Nonparametric Statistics, section 3.2.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

from scipy.special import bdtr

from keras_norms.lab.statistics.interval import CONFIDENCE, Interval, ordered, probability


def median_interval(values: Sequence[float], confidence: float = CONFIDENCE) -> Interval:
    """The narrowest interval of the median whose exact coverage is at least `confidence`.

    Both tails are equally likely to miss. Where even the range of the values covers less, as with
    fewer than six values at 95 %, the range is returned; `coverage` says what it has.

    Args:
        values: one a seed; infinities are ordered numbers.
        confidence: the coverage that is asked for.

    Raises:
        ValueError: no value, a NaN, or a confidence that is no probability.
    """
    found = ordered("values", values)
    rank = median_rank(len(found), confidence)
    return Interval(float(found[rank - 1]), float(found[-rank]), coverage(len(found), rank))


@functools.cache
def median_rank(n: int, confidence: float = CONFIDENCE) -> int:
    """The largest r whose coverage(n, r) is at least `confidence`; 1 where there is none."""
    tail = (1 - probability("confidence", confidence)) / 2
    rank = 1
    while bdtr(rank, n, 0.5) <= tail:  # P(Binomial(n, 1/2) < rank + 1)
        rank += 1
    return rank


@functools.cache
def coverage(n: int, rank: int) -> float:
    """The probability that the `rank`-th smallest and largest of n values enclose the median."""
    return float(max(1 - 2 * bdtr(rank - 1, n, 0.5), 0.0))


def median(values: Sequence[float]) -> float:
    """The median; of two middle values that are not both finite the smaller one.

    Raises:
        ValueError: no value, or a NaN.
    """
    found = ordered("values", values)
    low, high = float(found[(len(found) - 1) // 2]), float(found[len(found) // 2])
    return low + (high - low) / 2 if math.isfinite(low) and math.isfinite(high) else low
