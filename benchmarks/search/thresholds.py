"""Which recorded cells have no blow-up threshold: what the posterior says, beside a plain count."""

from __future__ import annotations

import pandas as pd

from benchmarks.search.answers import answer
from benchmarks.search.replay import HIGH, LOW
from keras_norms.lab.report.tables import Table, percent
from keras_norms.lab.stability.threshold import Thresholds
from keras_norms.lab.stability.verdict import Verdict


def no_threshold(runs: pd.DataFrame) -> Table:
    """A row a cell: finite runs above the first blow-up, and the posterior of all its runs."""
    rows = []
    for (model, depth, normalizer), cell in runs.groupby(
        ["model", "depth", "normalizer"], sort=False
    ):
        blown = cell.verdict == Verdict.BLEW_UP
        first = cell.seed.map(cell[blown].groupby("seed").log_rate.min())
        last = cell.seed.map(cell[~blown].groupby("seed").log_rate.max())
        out_of_order = int((~blown & (cell.log_rate > first)).sum())
        mixed = int(((cell.log_rate >= first) & (cell.log_rate <= last)).sum())
        known = Thresholds.prior(10**LOW, 10**HIGH).given(
            (10**x, Verdict(verdict))
            for x, verdict in zip(cell.log_rate, cell.verdict, strict=True)
        )
        edges = answer(cell)
        rows.append(
            {
                "cell": f"{model}-{depth} {normalizer}",
                "finite above a blow-up": f"{out_of_order} of {mixed}",
                "P(no threshold)": percent(known.no_threshold),
                "blow-up": f"{edges.of('blow_up'):.2f}",
                "blow-up, posterior": f"{known.blow_up.median:.2f}",
                "trains": f"{edges.of('trains'):.2f}",
                "trains, posterior": f"{known.trains.median:.2f}",
            }
        )
    caption = (
        "The dense grids: finite runs between the first blow-up of a seed and its last finite run, "
        "the posterior that blow-up is no threshold, and both edges (log10 learning rate) by count "
        "and by posterior."
    )
    return Table("search-cells", pd.DataFrame(rows), caption)
