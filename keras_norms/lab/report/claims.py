"""A sentence of a paper as an inequality over paired seeds, with an interval and a verdict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from keras_norms.lab.report.tables import Table, number

CONFIDENCE = 0.95
RESAMPLES = 10_000


class Finding(StrEnum):
    REPRODUCED = "reproduced"
    NOT_REPRODUCED = "not reproduced"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Claim:
    """`quantity > threshold` (`>=` where `or_equal`), with one value of the quantity a seed.

    Attributes:
        sentence: what the paper says, in our words.
        quantity: what is compared, in words, with its unit.
        paper: what the paper measured, "" where it gives no number.
        values: the quantity by paired seed (arms of one seed share data order and, where the
            shapes agree, initial weights); infinities are allowed, NaN is not.
    """

    sentence: str
    quantity: str
    threshold: float
    values: tuple[float, ...]
    paper: str = ""
    or_equal: bool = False

    def __post_init__(self) -> None:
        if not self.values or any(np.isnan(self.values)):
            raise ValueError(f"values={self.values} of the claim {self.sentence!r} lack a number")

    @property
    def estimate(self) -> float:
        return float(np.median(self.values))

    @property
    def interval(self) -> tuple[float, float]:
        return bootstrap(self.values)

    @property
    def finding(self) -> Finding:
        """Reproduced or not where the whole interval lies on one side, else undecided."""
        held = [
            end >= self.threshold if self.or_equal else end > self.threshold
            for end in self.interval
        ]
        if all(held):
            return Finding.REPRODUCED
        return Finding.UNDECIDED if any(held) else Finding.NOT_REPRODUCED


def bootstrap(
    values: Sequence[float], statistic: Callable[..., np.ndarray] = np.median
) -> tuple[float, float]:
    """The central 95 % of the statistic over 10 000 resamples of the seeds, drawn alike each time.

    With n seeds the median's interval can be no finer than the seeds themselves: for n = 3 it is
    their range, with a true coverage near 75 %; for n = 5 the range too, near 94 %.
    """
    values = np.asarray(values, dtype=float)
    draws = np.random.default_rng(0).integers(0, len(values), (RESAMPLES, len(values)))
    tail = 50 * (1 - CONFIDENCE)
    # No interpolation: between a number and an infinity there is no number.
    low, high = np.percentile(
        statistic(values[draws], axis=1), [tail, 100 - tail], method="nearest"
    )
    return float(low), float(high)


def interval_text(values: Sequence[float], write: Callable[[float], str] = number) -> str:
    """The median, with its interval behind it where that is more than a point."""
    low, high = bootstrap(values)
    middle = write(float(np.median(values)))
    return middle if low == high else f"{middle} [{write(low)}, {write(high)}]"


def claims_table(name: str, claims: Sequence[Claim], caption: str) -> Table:
    """One row a claim: the sentence, the paper's number, ours with its interval, the verdict."""
    rows = []
    for claim in claims:
        low, high = claim.interval
        sign = "≥" if claim.or_equal else ">"
        rows.append(
            {
                "claim": claim.sentence,
                "as an inequality": f"{claim.quantity} {sign} {number(claim.threshold)}",
                "paper": claim.paper or "–",
                "here": f"{number(claim.estimate)} [{number(low)}, {number(high)}]",
                "seeds": len(claim.values),
                "verdict": str(claim.finding),
            }
        )
    return Table(name, pd.DataFrame(rows), caption)
