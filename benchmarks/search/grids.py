"""Dense grids of learning rates, recorded once: what every method of the search is replayed on.

Each cell (a model with a normalizer) is trained with each of six seeds at learning rates a tenth of
a decade apart from 10^-3.5 to 10^2.5, and at the middle of two neighbours whose verdicts differ.
Digits, plain SGD, batches of 32, 100 steps. About 25 CPU minutes; a stopped command goes on.

    KERAS_BACKEND=jax python -m benchmarks.search.grids
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from rich.progress import track

from keras_norms.lab.training import Run, train

FILE = Path("benchmarks/results/search/grids.csv.gz")
WIDTHS = {"mlp": 64, "plain": 4, "resnet": 4}
SEEDS, STEPS, BATCH = 6, 100, 32
LOW, HIGH, SPACING = -3.5, 2.5, 0.1  # log10 of the learning rate


@dataclass(frozen=True)
class Cell:
    """A model with a normalizer."""

    model: str
    depth: int
    normalizer: str

    def __str__(self) -> str:
        return f"{self.model}-{self.depth} {self.normalizer}"

    def run(self, log_rate: float, seed: int) -> Run:
        return Run(
            model=self.model,
            depth=self.depth,
            width=WIDTHS[self.model],
            normalizer=self.normalizer,
            steps=STEPS,
            batch=BATCH,
            learning_rate=float(f"{10**log_rate:.4e}"),
            seed=seed,
        )


CELLS = tuple(
    Cell(model, depth, normalizer)
    for model, depth in (("mlp", 16), ("resnet", 8), ("plain", 14))
    for normalizer in ("none", "batch:momentum=0.9", "layer", "group:groups=4")
)
# Deeper ones, in which a window may be missing and blow-up may be no threshold.
ODD = tuple(Cell("mlp", depth, name) for depth in (32, 64) for name in ("none", "group:groups=4"))


def coarse() -> list[float]:
    return [round(LOW + SPACING * k, 3) for k in range(round((HIGH - LOW) / SPACING) + 1)]


def middles(verdicts: Mapping[float, str]) -> list[float]:
    """The middles of the neighbours on the coarse grid whose verdicts differ."""
    return [
        round((low + high) / 2, 3)
        for low, high in itertools.pairwise(coarse())
        if verdicts[low] != verdicts[high]
    ]


def record(cell: Cell, seed: int, log_rates: Iterable[float]) -> pd.DataFrame:
    """Trains a seed of a cell: log10 rate, verdict and steps done, a row a run."""
    log_rates = list(log_rates)
    outcomes = train(cell.run(log_rate, seed) for log_rate in log_rates)
    rows = [
        {
            "model": cell.model,
            "depth": cell.depth,
            "normalizer": cell.normalizer,
            "seed": seed,
            "log_rate": log_rate,
            "verdict": str(outcome.verdict),
            "steps": int(outcome.final("step")),
        }
        for log_rate, outcome in zip(log_rates, outcomes, strict=True)
    ]
    return pd.DataFrame(rows)


def load(file: Path = FILE) -> pd.DataFrame:
    """All recorded runs."""
    return pd.read_csv(file)


def main() -> None:
    known = load() if FILE.exists() else pd.DataFrame()
    done = (
        set(map(tuple, known[["model", "depth", "normalizer", "seed"]].values))
        if len(known)
        else ()
    )
    for cell, seed in track(list(itertools.product(CELLS + ODD, range(SEEDS)))):
        if (cell.model, cell.depth, cell.normalizer, seed) in done:
            continue
        first = record(cell, seed, coarse())
        found = dict(zip(first.log_rate, first.verdict, strict=True))
        known = pd.concat([known, first, record(cell, seed, middles(found))])
        FILE.parent.mkdir(parents=True, exist_ok=True)
        known.to_csv(FILE, index=False, compression={"method": "gzip", "mtime": 0})


if __name__ == "__main__":
    main()
