"""How many seeds would decide a claim.

With n seeds the interval of the median runs from the r-th smallest to the r-th largest value
(`median.py`), so a claim is decided where fewer than r seeds disagree with the others. Where a seed
agrees with probability p,

    power(n, p) = P(Binomial(n, 1 - p) < r) + P(Binomial(n, p) < r)

0.53, 0.77 and 0.89 for 6, 9 and 12 seeds at p = 0.9. Of the p behind "k of m seeds agree" little is
known, so the power is averaged over its posterior, Beta(k + 1/2, m - k + 1/2). A share of seeds is
decided where its own interval (`share.py`) leaves the threshold out.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import bdtr, beta, comb

from keras_norms.lab.statistics.interval import CONFIDENCE
from keras_norms.lab.statistics.median import coverage, median_rank
from keras_norms.lab.statistics.share import share_interval

ENOUGH = 0.8
MOST = 60
FEWEST = 6  # seeds with a verdict
JEFFREYS = 0.5


def power(n: int, agreement: float, confidence: float = CONFIDENCE) -> float:
    """The probability that n seeds decide, each agreeing with probability `agreement`.

    Raises:
        ValueError: an agreement that is no probability.
    """
    if not 0 <= agreement <= 1:
        raise ValueError(f"Invalid agreement={agreement}: must lie between 0 and 1")
    rank = _rank(n, confidence)
    if not rank:
        return 0.0
    return float(bdtr(rank - 1, n, 1 - agreement) + bdtr(rank - 1, n, agreement))


def expected_power(n: int, agree: int, seeds: int, confidence: float = CONFIDENCE) -> float:
    """The probability that n fresh seeds decide, where `agree` of `seeds` agreed."""
    rank = _rank(n, confidence)
    dissent = np.array([*range(rank), *range(n - rank + 1, n + 1)])
    return _predicted(dissent, n, seeds - agree, seeds)


def share_power(
    n: int, count: int, of: int, threshold: float, confidence: float = CONFIDENCE
) -> float:
    """The probability that the share of n fresh seeds is told from `threshold`.

    Args:
        n: the fresh seeds.
        count: of the seeds so far those that have the property.
        of: all seeds so far.
        threshold: what the share is compared with.
        confidence: of its interval.
    """
    found = [share_interval(k, n, confidence) for k in range(n + 1)]
    deciding = [k for k, interval in enumerate(found) if threshold not in interval]
    return _predicted(np.array(deciding), n, count, of)


def _predicted(counts: np.ndarray, n: int, count: int, of: int) -> float:
    """The probability of these counts among n fresh seeds, where `count` of `of` had it so far."""
    one, other = count + JEFFREYS, of - count + JEFFREYS
    chances = comb(n, counts) * beta(counts + one, n - counts + other) / beta(one, other)
    return float(chances.sum())


def seeds_to_decide(
    agree: int,
    seeds: int,
    *,
    enough: float = ENOUGH,
    most: int = MOST,
    confidence: float = CONFIDENCE,
) -> int | None:
    """The fewest seeds that decide with probability `enough`, by the agreement so far.

    For planning a second look: no seed is added to a comparison because it is undecided.

    Args:
        agree: seeds that fulfil the claim's inequality.
        seeds: all seeds so far.
        enough: probability of a verdict, either way.
        most: None is returned where so many seeds do not suffice.

    Raises:
        ValueError: counts that are not 0 <= agree <= seeds with at least one seed.
    """
    if seeds < 1 or not 0 <= agree <= seeds:
        raise ValueError(f"Invalid agree={agree}, seeds={seeds}: must be 0 <= agree <= seeds")
    return _fewest(lambda n: expected_power(n, agree, seeds, confidence), enough, most)


def share_seeds_to_decide(
    count: int,
    of: int,
    threshold: float,
    *,
    enough: float = ENOUGH,
    most: int = MOST,
    confidence: float = CONFIDENCE,
) -> int | None:
    """The same for a share: the fewest seeds that probably tell it from `threshold`.

    Raises:
        ValueError: counts that are not 0 <= count <= of with at least one seed.
    """
    return _fewest(lambda n: share_power(n, count, of, threshold, confidence), enough, most)


def _fewest(chance: Callable[[int], float], enough: float, most: int) -> int | None:
    return next((n for n in range(FEWEST, most + 1) if chance(n) >= enough), None)


def _rank(n: int, confidence: float) -> int:
    """The rank of the interval's ends; 0 where even the range of n seeds covers too little."""
    rank = median_rank(n, confidence)
    return rank if coverage(n, rank) >= confidence else 0
