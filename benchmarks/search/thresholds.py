"""The edges of the recorded cells by the posterior of their dense grids, beside a plain count."""

from __future__ import annotations

import numpy as np
import pandas as pd
from rich.progress import track

from benchmarks.search import grids
from benchmarks.search.answers import EDGES
from benchmarks.search.replay import HIGH, LOW, Recorded
from benchmarks.search.traces import recorded
from keras_norms.lab.edges.threshold import Thresholds
from keras_norms.lab.edges.verdict import Verdict
from keras_norms.lab.report.tables import Table


def thresholds(runs: pd.DataFrame) -> Table:
    """A row a cell: how far its verdicts are out of order, and what is made of it."""
    cells = recorded(runs, grids.CELLS + grids.ODD)
    caption = (
        "The dense grids: finite runs between the first blow-up of a seed and its last finite run, "
        "and both edges (log10 learning rate) by count and by posterior, medians over the seeds. "
        "Where dead but finite runs lie between blown-up ones, the two differ."
    )
    rows = [{"cell": name} | _row(cell) for name, cell in track(cells.items(), "cells")]
    return Table("search-cells", pd.DataFrame(rows), caption)


def _row(cell: Recorded) -> dict[str, str]:
    counts = np.sum([_out_of_order(rates, verdicts) for rates, verdicts, _ in cell.seeds], axis=0)
    dense = [_known(rates, verdicts) for rates, verdicts, _ in cell.seeds]
    row = {"finite above a blow-up": "{} of {}".format(*counts)}
    for edge in EDGES:
        medians = [getattr(known, edge).median for known in dense]
        words = edge.replace("_", "-")
        row |= {words: f"{cell.answer.of(edge):.2f}"}
        row |= {f"{words}, posterior": f"{np.median(medians):.2f}"}
    return row


def _out_of_order(rates: np.ndarray, verdicts: tuple[Verdict, ...]) -> tuple[int, int]:
    """Finite runs above the first blow-up; and all runs from there to the last finite one."""
    blown = np.array([verdict.blown for verdict in verdicts])
    between = (rates >= rates[blown].min()) & (rates <= rates[~blown].max())
    return int((between & ~blown).sum()), int(between.sum())


def _known(log_rates: np.ndarray | tuple[float, ...], verdicts: tuple[Verdict, ...]) -> Thresholds:
    runs = zip(10 ** np.asarray(log_rates), verdicts, strict=True)
    return Thresholds.prior(10**LOW, 10**HIGH).given(runs)
