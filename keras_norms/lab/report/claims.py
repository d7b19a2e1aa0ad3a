"""Claims as a table: the sentence, the paper's number, ours with its interval, the verdict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from keras_norms.lab.report.tables import Table, number
from keras_norms.lab.statistics import median, median_interval

if TYPE_CHECKING:
    from keras_norms.lab.claim import Claim

CAPTION = (
    "Claims: median over paired seeds (share of them, where a share is compared) with its exact "
    "interval and that interval's coverage; a verdict needs 95 %, so six seeds or more."
)


def claims_table(name: str, claims: Sequence[Claim], caption: str = CAPTION) -> Table:
    """One row an inequality."""
    rows = []
    for claim in claims:
        for inequality in claim.holds.inequalities:
            judged = inequality.judgement
            low, high = judged.interval.low, judged.interval.high
            needed = claim.seeds_to_decide
            pairs = " rounds" if getattr(claim, "pairs", "seeds") == "rounds" else ""
            more = f"; {needed} would probably decide" if needed else ""
            rows.append(
                {
                    "claim": claim.sentence,
                    "as an inequality": str(inequality),
                    "paper": claim.paper or "–",
                    "here": f"{number(judged.estimate)} [{number(low)}, {number(high)}]",
                    "coverage": f"{100 * judged.interval.coverage:.1f} %",
                    "seeds": f"{judged.seeds}{pairs}{more}",
                    "verdict": claim.verdict,
                }
            )
    return Table(f"{name}-claims", pd.DataFrame(rows), caption)


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
