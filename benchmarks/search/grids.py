"""Dense grids of learning rates, recorded once: what every method of the search is replayed on."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from keras_norms.lab.experiment import Experiment, Plan
from keras_norms.lab.found import Found, Group
from keras_norms.lab.options import option
from keras_norms.lab.report.tables import Table
from keras_norms.lab.training import Run

LOW, HIGH, SPACING = -3.5, 2.5, 0.1  # log10 of the learning rate


@dataclass(frozen=True, kw_only=True)
class Grids(Experiment):
    """Dense grids of learning rates, which the methods of the search are replayed on.

    Set-up     Each cell (a model with a normalizer) is trained with each of six seeds at learning
               rates a tenth of a decade apart from 10^-3.5 to 10^2.5, and at the middle of two
               neighbours whose verdicts differ. Digits, plain SGD, batches of 32, 100 steps.
    Use        The CSV of the table, compressed, is `benchmarks/results/search/grids.csv.gz`.
    Cost       25 CPU minutes; quick: three rates of one seed.
    Command    KERAS_BACKEND=jax python -m benchmarks run search.grids --out results
    """

    seeds: int = option(6, "of each cell", least=1, most=1000, quick=1)
    steps: int = option(100, "of each run", least=1, most=100_000, quick=10)
    spacing: float = option(SPACING, "of the learning rates, decades", least=0.01, quick=3.0)

    def plan(self) -> Plan:
        from benchmarks.search.recorded import CELLS, name_of

        places = [LOW + self.spacing * k for k in range(round((HIGH - LOW) / self.spacing) + 1)]
        seeds = list(itertools.product(CELLS, self.seed_range()))
        names = {(cell, seed): f"{name_of(cell)}, seed {seed}" for cell, seed in seeds}
        found = yield {names[of]: [self.run(*of, place) for place in places] for of in seeds}
        between = {of: [self.run(*of, x) for x in middles(found[names[of]])] for of in seeds}
        between = {f"{names[of]}, between": runs for of, runs in between.items() if runs}
        if between:
            yield between

    def run(self, cell: tuple[str, int, str], seed: int, log_rate: float) -> Run:
        from benchmarks.search.recorded import WIDTHS

        model, depth, normalizer = cell
        return Run(
            model=f"{model}:depth={depth},width={WIDTHS[model]}",
            normalizer=normalizer,
            steps=self.steps,
            batch=32,
            learning_rate=float(f"{10**log_rate:.4e}"),
            seed=seed,
        )

    def tables(self, found: Found) -> Iterator[Table]:
        frame = pd.DataFrame(
            _row(run, outcome)
            for group in found.groups().values()
            for run, outcome in zip(group.jobs, group, strict=True)
        )
        about = ["model", "depth", "normalizer"]
        counts = frame.pivot_table("steps", about, "verdict", "count", fill_value=0)
        shown = counts.reset_index().astype(str)
        yield Table("search-grids", shown, "Runs of each cell by their verdict.", frame)


def middles(group: Group) -> Sequence[float]:
    """The middles, as log10, of neighbouring learning rates whose verdicts differ."""
    pairs = zip(group.jobs, group, strict=True)
    known = sorted((_log(run), outcome.verdict) for run, outcome in pairs)
    return [
        round((low + high) / 2, 3)
        for (low, before), (high, after) in itertools.pairwise(known)
        if before != after
    ]


def _row(run: Any, outcome: Any) -> Mapping[str, Any]:
    model = run.of("model")
    return {
        "model": model.name,
        "depth": model.arguments["depth"],
        "normalizer": run.normalizer,
        "seed": run.seed,
        "log_rate": _log(run),
        "verdict": str(outcome.verdict),
        "steps": int(outcome.final("step")),
    }


def _log(run: Any) -> float:
    return round(math.log10(run.learning_rate), 3)
