"""Claims as a table: the sentence, the paper's number, ours with its interval, the verdict."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd

from keras_norms.lab.claim import NO_POWER, Claim
from keras_norms.lab.report.tables import Table, duration, number
from keras_norms.lab.statistics import Finding, median, median_interval
from keras_norms.lab.statistics.power import MOST

CAPTION = (
    "Claims: median over paired seeds (share of them, where a share is compared) with its exact "
    "interval and that interval's coverage; a verdict needs 95 %, so six seeds or more."
)


def claims_table(
    name: str, claims: Sequence[Claim], caption: str = CAPTION, *, seconds: float = 0.0
) -> Table:
    """One row an inequality.

    Args:
        name: of the experiment.
        claims: that it judges.
        caption: above the table.
        seconds: of a worker's time for all seeds, from which those that would decide are priced.
    """
    rows = []
    for claim in claims:
        for inequality in claim.holds.inequalities:
            judged = inequality.judgement
            low, high = judged.interval.low, judged.interval.high
            pairs = " rounds" if getattr(claim, "pairs", "seeds") == "rounds" else ""
            rows.append(
                {
                    "claim": claim.sentence,
                    "as an inequality": str(inequality),
                    "paper": claim.paper or "–",
                    "here": f"{number(judged.estimate)} [{number(low)}, {number(high)}]",
                    "coverage": f"{100 * judged.interval.coverage:.1f} %",
                    "seeds": f"{judged.seeds}{pairs}{_to_decide(claim, seconds)}",
                    "verdict": claim.verdict,
                }
            )
    return Table(f"{name}-claims", pd.DataFrame(rows), caption)


def _to_decide(claim: Claim, seconds: float) -> str:
    """The seeds that an undecided claim would probably be decided by, and what they cost."""
    if claim.verdict == NO_POWER or claim.holds.finding is not Finding.UNDECIDED:
        return ""
    if needed := claim.seeds_to_decide:
        cost = f" in {duration(needed * seconds / claim.seeds)}" if seconds else ""
        return f"; {needed} would probably decide{cost}"
    return f"; {MOST} would hardly decide"


def ranges_table(name: str, claims: Sequence[Claim]) -> Table:
    """The quantities of the claims with their ranges, and no verdict."""
    rows = []
    for claim in claims:
        for inequality in claim.holds.inequalities:
            low, high = inequality.quantity.range
            rows.append(
                {
                    "claim": claim.sentence,
                    "as an inequality": str(inequality),
                    "paper": claim.paper or "–",
                    "median and range": f"{number(inequality.quantity.estimate)} "
                    f"[{number(low)}, {number(high)}]",
                    "seeds": len(inequality.quantity.values),
                }
            )
    caption = "Median and range over seeds: too few for verdicts."
    return Table(f"{name}-ranges", pd.DataFrame(rows), caption)


def interval_text(values: Sequence[float], write: Callable[[float], str] = number) -> str:
    """The median, with its exact interval behind it where that is more than a point."""
    interval, middle = median_interval(values), write(median(values))
    if interval.low == interval.high:
        return middle
    return f"{middle} [{write(interval.low)}, {write(interval.high)}]"
