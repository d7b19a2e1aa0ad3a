"""Which recorded cells have no blow-up threshold: what the posterior says, beside a plain count."""

from __future__ import annotations

import numpy as np
import pandas as pd
from rich.progress import track

from benchmarks.search import grids
from benchmarks.search.answers import EDGES
from benchmarks.search.methods import threshold
from benchmarks.search.replay import HIGH, LOW, PROTOCOLS, Recorded, Replay
from benchmarks.search.traces import RUNS, recorded
from keras_norms.lab.report.tables import Table, percent
from keras_norms.lab.stability.no_threshold import LIKELY, no_threshold
from keras_norms.lab.stability.threshold import Thresholds
from keras_norms.lab.stability.verdict import Verdict

SEARCHES = 4  # of a cell, each of all its seeds


def thresholds(runs: pd.DataFrame) -> Table:
    """A row a cell: how far its verdicts are out of order, and what is made of it."""
    cells = recorded(runs, grids.CELLS + grids.ODD)
    caption = (
        "The dense grids: finite runs between the first blow-up of a seed and its last finite run, "
        "the seeds that by the posterior of their runs have no blow-up threshold, the probability "
        f"that the cell has none, the same after searches of {RUNS} runs a seed (how many of "
        f"{SEARCHES} find that it has none, and their lowest and highest probability), and both "
        "edges (log10 learning rate) by count and by posterior, medians over the seeds. Without a "
        "threshold the posterior's blow-up edge is the onset, the count's is not."
    )
    rows = [{"cell": name} | _row(cell) for name, cell in track(cells.items(), "cells")]
    return Table("search-cells", pd.DataFrame(rows), caption)


def _row(cell: Recorded) -> dict[str, str]:
    counts = np.sum([_out_of_order(rates, verdicts) for rates, verdicts, _ in cell.seeds], axis=0)
    dense = [_known(rates, verdicts) for rates, verdicts, _ in cell.seeds]
    searches = [no_threshold(_searched(cell, number)) for number in range(SEARCHES)]
    named = sum(found > LIKELY for found in searches)
    row = {
        "finite above a blow-up": "{} of {}".format(*counts),
        "seeds without": f"{sum(known.no_threshold > LIKELY for known in dense)} of {len(dense)}",
        "P(no threshold)": percent(no_threshold(dense)),
        f"named in {RUNS} runs a seed": f"{named} of {SEARCHES} "
        f"({percent(min(searches))} to {percent(max(searches))})",
    }
    for edge in EDGES:
        medians = [getattr(known, edge).median for known in dense]
        words = edge.replace("_", "-")
        row |= {words: f"{cell.answer.of(edge):.2f}"}
        row |= {f"{words}, posterior": f"{np.median(medians):.2f}"}
    return row


def _out_of_order(rates: np.ndarray, verdicts: tuple[Verdict, ...]) -> tuple[int, int]:
    """Finite runs above the first blow-up; and all runs from there to the last finite one."""
    blown = np.array(verdicts) == Verdict.BLEW_UP
    between = (rates >= rates[blown].min()) & (rates <= rates[~blown].max())
    return int((between & ~blown).sum()), int(between.sum())


def _searched(cell: Recorded, number: int) -> list[Thresholds]:
    """What a search knows of each seed in the end."""
    known = []
    for seed in range(len(cell.seeds)):
        replay = Replay(cell, PROTOCOLS[0], number * len(cell.seeds) + seed)
        threshold(replay, RUNS, number)
        known.append(_known(*zip(*replay.runs, strict=True)))
    return known


def _known(log_rates: np.ndarray | tuple[float, ...], verdicts: tuple[Verdict, ...]) -> Thresholds:
    runs = zip(10 ** np.asarray(log_rates), verdicts, strict=True)
    return Thresholds.prior(10**LOW, 10**HIGH).given(runs)
