"""How many runs the two edges of stability take: the threshold sampler beside the usual ones.

Question   Within how many runs does a method know both edges to a tenth of a decade?
Data       Dense grids of 12 cells (3 models, 4 normalizers, 6 seeds), recorded once by
           `python -m benchmarks.search.grids` and committed.
Replay     A method asks for rates between 10^-5 and 10^2 and is answered by the nearest recorded
           run of the grid, which is moved by up to half a decade. Two protocols: a replay stays
           with one seed, whose edges are the answer; or each run has a seed of its own, and the
           median over the seeds is.
Methods    All must find both edges with the same runs; `methods.py` says how.
Cost       About 6 CPU minutes, half of them for the batches; a stopped command goes on.
Command    python -m benchmarks.search --out results
"""

from __future__ import annotations

import argparse
from pathlib import Path

import optuna
import pandas as pd

from benchmarks.search import errors, grids, page, traces
from benchmarks.search.replay import PROTOCOLS
from benchmarks.search.thresholds import thresholds
from keras_norms.lab.report.page import Report, Section


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("results"), metavar="DIR")
    parser.add_argument("--replays", type=int, default=6, metavar="N", help="of a cell")
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    options.out.mkdir(parents=True, exist_ok=True)
    runs = grids.load()
    cells = traces.recorded(runs, grids.CELLS)
    kept = options.out / "replays.csv"
    found = errors.errors(traces.complete(kept, cells, options.replays))
    write(found, runs, options.out)


def write(found: pd.DataFrame, runs: pd.DataFrame, out: Path) -> None:
    """The page with its tables and its figures."""
    named = zip(("search-one-seed", "search-a-seed-a-run"), PROTOCOLS, strict=True)
    tables = [page.table(found, protocol, name) for name, protocol in named]
    section = Section(
        title="Runs that the edges of stability take",
        summary=[],
        figures=[draw(out / "figures", found) for draw in (page.by_runs, page.by_steps)],
        tables=[*tables, thresholds(runs)],
        card=__doc__ or "",
    )
    Report("keras-norms: search", [section]).write(out, "search")


if __name__ == "__main__":
    main()
