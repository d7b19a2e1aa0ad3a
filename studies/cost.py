"""What the map of edges costs beside the same map by Optuna's TPE and a fresh `fit` a trial."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from keras_norms.lab.backend import backend
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.job import Computation
from keras_norms.lab.options import option
from keras_norms.lab.report.tables import Table

NEEDS = (24, 48)  # trials of TPE for an edge within 0.1 decades
CELLS = (("none", 4), ("batch:momentum=0.9", 16), ("layer", 32))
HERE, TPE = "here", "TPE"


@dataclass(frozen=True, kw_only=True)
class Cost(Experiment):
    """What the map of edges costs beside the same map by Optuna's TPE and a fresh `fit` a trial.

    Compared   CPU seconds, for three cells of the default map (MLP of width 64 on digits): the
               whole search of the cell, and some trials of a TPE study that maximizes the learning
               rate that trains, each with a model built, compiled and fitted anew.
    Estimate   TPE needs 24 to 48 trials for an edge that the search here finds in 16 (replays of
               dense grids), so its cost is in proportion, and its one objective gives the trains
               edge alone.
    Command    python -m studies run cost --out results
    """

    exclusive = True
    seeds: int = option(3, "initial weights of a cell", least=1, most=99)
    steps: int = option(200, "steps a run", least=1)
    most: int = option(16, "runs a seed at most", least=1, most=1000)
    trials: int = option(6, "of TPE in each cell, to be timed", least=1, most=1000)

    def plan(self):
        def job(function: str, cell: tuple[str, int], **more: int) -> list[Computation]:
            given = {"normalizer": cell[0], "depth": cell[1], "steps": self.steps, **more}
            return [Computation(f"studies.fresh_fits.{function}", given, backend())]

        ours = {"seeds": self.seeds, "most": self.most}
        yield {
            **{f"{HERE}, {cell}": job("here", cell, **ours) for cell in CELLS},
            **{f"{TPE}, {cell}": job("by_tpe", cell, trials=self.trials) for cell in CELLS},
        }

    def tables(self, found):
        rows = []
        for cell in CELLS:
            here, tpe = (found[f"{way}, {cell}"][0] for way in (HERE, TPE))
            low, high = (self.seeds * needed * tpe["seconds"] for needed in NEEDS)
            rows.append(
                {
                    "normalizer": cell[0],
                    "depth": cell[1],
                    "here: runs": here["runs"],
                    "here: CPU s": round(here["seconds"], 1),
                    "TPE: CPU s a trial": round(tpe["seconds"], 2),
                    "TPE: CPU s, estimated": f"{low:.0f} to {high:.0f}",
                    "times": f"{low / here['seconds']:.0f} to {high / here['seconds']:.0f}",
                }
            )
        caption = (
            f"CPU seconds of a cell of the map ({self.seeds} seeds, all edges) and, estimated from "
            f"{self.trials} trials each, of the trains edge alone by TPE with a fresh `fit` a "
            f"trial: {NEEDS[0]} to {NEEDS[1]} trials a seed."
        )
        yield Table(self.name(), pd.DataFrame(rows), caption)
