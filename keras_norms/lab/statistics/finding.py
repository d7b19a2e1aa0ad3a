"""The verdict on an inequality: reproduced, not reproduced, or undecided, by one rule for all.

A verdict needs a 95 % interval wholly on one side of the threshold, and so six seeds or more
(`median.py`). Where values are accuracies, the interval over the test set's images must lie on the
same side (`images.py`).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from keras_norms.lab.statistics.interval import Interval
from keras_norms.lab.statistics.median import median, median_interval
from keras_norms.lab.statistics.power import FEWEST, seeds_to_decide, share_seeds_to_decide
from keras_norms.lab.statistics.share import share_interval

Compare = Callable[[float, float], bool]

SIGNS = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}


class Finding(StrEnum):
    REPRODUCED = "reproduced"
    NOT_REPRODUCED = "not reproduced"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Judgement:
    """What the seeds say about an inequality.

    Attributes:
        estimate: the median over seeds, or the share of them.
        interval: of the estimate over seeds; its coverage is the one to print.
        images: of the estimate over images, where it is an accuracy.
        agree: how many seeds fulfil the inequality; None for a share, which has none of its own.
        seeds: how many there are.
        holds: whether the inequality holds; None where that is undecided.
        threshold: what the estimate is compared with.
    """

    estimate: float
    interval: Interval
    images: Interval | None
    agree: int | None
    seeds: int
    holds: bool | None
    threshold: float

    @property
    def finding(self) -> Finding:
        if self.holds is None:
            return Finding.UNDECIDED
        return Finding.REPRODUCED if self.holds else Finding.NOT_REPRODUCED

    @property
    def seeds_to_decide(self) -> int | None:
        """How many fresh seeds would probably decide; None where none within reason would.

        None too where the seeds have decided and it is the test images that are too few.
        """
        if self.images is not None and self.images.low <= self.threshold <= self.images.high:
            return None
        if self.agree is None:
            count = round(self.estimate * self.seeds)
            return share_seeds_to_decide(count, self.seeds, self.threshold)
        return seeds_to_decide(self.agree, self.seeds)

    def __str__(self) -> str:
        if self.holds is None and self.agree is not None:
            return f"{self.finding} ({self.agree} of {self.seeds} seeds agree)"
        return str(self.finding)


def judge(
    values: Sequence[float], sign: str, threshold: float, *, images: Interval | None = None
) -> Judgement:
    """Whether the median of a quantity is above, or below, a threshold.

    Args:
        values: of the quantity, one a seed; infinities are ordered numbers.
        sign: ">", ">=", "<" or "<=".
        threshold: what `values` are compared with.
        images: the interval of the same median over images, where values are accuracies.

    Raises:
        ValueError: no value, a NaN, or a sign that is none of these.
    """
    compare = _compare(sign)
    interval = median_interval(values)
    return Judgement(
        estimate=median(values),
        interval=interval,
        images=images,
        agree=sum(bool(compare(value, threshold)) for value in values),
        seeds=len(values),
        holds=_holds(compare, threshold, len(values), interval, images),
        threshold=threshold,
    )


def judge_share(count: int, of: int, sign: str, threshold: float) -> Judgement:
    """Whether a share of seeds is above, or below, a threshold, as "more than half blow up"."""
    compare, interval = _compare(sign), share_interval(count, of)
    return Judgement(
        estimate=count / of,
        interval=interval,
        images=None,
        agree=None,
        seeds=of,
        holds=_holds(compare, threshold, of, interval, None),
        threshold=threshold,
    )


def judge_exact(value: float, sign: str, threshold: float) -> Judgement:
    """Whether a number in which chance has no part is above, or below, a threshold."""
    holds = bool(_compare(sign)(value, threshold))
    return Judgement(value, Interval(value, value, 1.0), None, int(holds), 1, holds, threshold)


def expected_wrong(judgements: Iterable[Judgement]) -> float:
    """How many of these verdicts are wrong by chance, at most: what a scoreboard has to say.

    A verdict can be wrong in one direction alone, so with half the probability that the interval
    misses.
    """
    return sum((1 - each.interval.coverage) / 2 for each in judgements if each.seeds >= FEWEST)


def _holds(
    compare: Compare, threshold: float, seeds: int, *intervals: Interval | None
) -> bool | None:
    given = [interval for interval in intervals if interval is not None]
    if seeds < FEWEST or not all(interval.decides for interval in given):
        return None
    sides = {bool(compare(end, threshold)) for each in given for end in (each.low, each.high)}
    return sides.pop() if len(sides) == 1 else None


def _compare(sign: str) -> Compare:
    if sign not in SIGNS:
        raise ValueError(f"Invalid sign={sign!r}: must be one of {', '.join(SIGNS)}")
    return SIGNS[sign]
