"""The replays of every method, run by run, kept in a file so that a stopped command goes on."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
from rich.progress import track

from benchmarks.search import grids
from benchmarks.search.methods import METHODS
from benchmarks.search.replay import PROTOCOLS, Recorded, Replay

RUNS = 16
KEY = ["method", "protocol", "cell", "replay"]


def recorded(runs: pd.DataFrame, cells: Iterable[grids.Cell]) -> dict[str, Recorded]:
    """The recorded runs of each cell, by its name."""
    names = runs.model + "-" + runs.depth.astype(str) + " " + runs.normalizer
    return {str(cell): Recorded.of(runs[names == str(cell)]) for cell in cells}


def trace(cell: Recorded, method: str, protocol: str, number: int) -> pd.DataFrame:
    """One replay, a row a run: rate (log10, as the search sees it), verdict, steps and answers."""
    replay = Replay(cell, protocol, number)
    METHODS[method](replay, RUNS, number)
    rates, verdicts = zip(*replay.runs, strict=True)
    return pd.DataFrame(
        {"run": range(1, RUNS + 1), "log_rate": rates, "verdict": verdicts, "steps": replay.steps}
        | replay.answers
    )


def complete(file: Path, cells: dict[str, Recorded], replays: int, slow: int) -> pd.DataFrame:
    """All replays of all methods, `slow` of GP: those in the file, and the missing ones added."""
    known = [pd.read_csv(file)] if file.exists() else []
    done = set(map(tuple, known[0][KEY].drop_duplicates().to_numpy())) if known else set()
    wanted = [
        key
        for key in itertools.product(METHODS, PROTOCOLS, cells, range(replays))
        if key not in done and key[3] < (slow if key[0] == "GP" else replays)
    ]
    for count, key in enumerate(track(wanted, "replays"), start=1):
        method, protocol, cell, number = key
        found = trace(cells[cell], method, protocol, number)
        known.append(found.assign(**dict(zip(KEY, key, strict=True))))
        if count % 50 == 0 or count == len(wanted):
            known = [pd.concat(known)]
            known[0].to_csv(file, index=False, float_format="%.4f")
    return known[0]
