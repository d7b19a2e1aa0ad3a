"""Predicted and measured edges of a study's cells: what is compared, in words and tables."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from keras_norms.lab.edges.agreement import agreement
from keras_norms.lab.edges.cell import Cell
from keras_norms.lab.edges.theory import Inputs, maximal_learning_rate, mean_field_eigenvalue
from keras_norms.lab.found import Group
from keras_norms.lab.report.figures import Figure
from keras_norms.lab.report.frontier_plot import depth_of
from keras_norms.lab.report.tables import Table, number
from keras_norms.lab.report.theory_plot import draw_theory
from keras_norms.lab.report.theory_table import EDGES, agreement_table, cells_table, groups, ratio

CELL = ["normalizer", "depth"]
PREDICTIONS = {"2/λ at initialization": "rate", "mean field": "mean_field_rate"}
BASELINE = {"1 / depth (baseline)": "inverse_depth"}
DRAWN = "rate_10"
ALONG = (
    "What is known after some steps of a stable training. Its learning rate is a third of the "
    "median trains edge, and curvature tends to 2 over the learning rate that it is trained "
    "with, so part of the agreement is there by construction."
)
CAPTION = (
    "Measured edges of every seed, and learning rates that theory predicts (medians over seeds): "
    "2/λ, λ the Gauss-Newton matrix's largest eigenvalue, at initialization and after 10 steps of "
    "a stable training; and the mean-field recursion of Wei et al., which knows no other "
    "normalizer than batch normalization."
)


@dataclass(frozen=True)
class TheoryPage:
    """What the theory study shows.

    Attributes:
        name: of the study.
        cells: the measured edges.
        looks: for each cell the runs whose curvature was probed.
        inputs: what the mean-field recursion knows of the data.
        momentum: of SGD.
    """

    name: str
    cells: Sequence[Cell]
    looks: Sequence[Group]
    inputs: Inputs
    momentum: float

    @cached_property
    def tidy(self) -> pd.DataFrame:
        """One row a seed and step, with the seed's own edges."""
        rows = [
            row
            for cell, group in zip(self.cells, self.looks, strict=True)
            for outcome, points in zip(group, group.probed("curvature"), strict=True)
            for row in self._rows(cell, outcome, points)
        ]
        return pd.DataFrame(rows).astype(dict.fromkeys(EDGES, float))

    def _rows(self, cell: Cell, outcome, points) -> Iterator[dict]:
        run, seeds = outcome.run, list(cell.seeds)
        mean_field = mean_field_eigenvalue(run, self.inputs)
        for point in points:
            own = {e: getattr(cell, e).values[seeds.index(run.seed)] for e in EDGES}
            yield {
                "normalizer": run.normalizer,
                "depth": depth_of(cell),
                "seed": run.seed,
                "step": point["step"],
                "learning_rate": run.learning_rate if point["step"] else math.nan,
                **{k: float(point[k]) for k in ("lambda_max", "iterations", "residual", "loss")},
                "rate": maximal_learning_rate(float(point["lambda_max"]), self.momentum),
                "mean_field_rate": math.nan
                if mean_field is None
                else maximal_learning_rate(mean_field, self.momentum),
                **{edge: within(own[edge]) for edge in EDGES},
            }

    @cached_property
    def frame(self) -> pd.DataFrame:
        """One row a cell: medians over seeds, and the predicted rate after each step."""
        start = self.tidy[self.tidy.step == 0].groupby(CELL, sort=False)
        cells = start.agg(
            lambda_max=("lambda_max", "median"),
            lambda_low=("lambda_max", "min"),
            lambda_high=("lambda_max", "max"),
            loss=("loss", "median"),
            rate=("rate", "median"),
            mean_field_rate=("mean_field_rate", "median"),
        ).reset_index()
        later = self.tidy[self.tidy.step > 0].pivot_table("rate", CELL, "step", "median")
        cells = cells.join(later.add_prefix("rate_"), on=CELL)
        cells["inverse_depth"] = 1 / cells.depth
        found = {(cell.program.normalizer, depth_of(cell)): cell for cell in self.cells}
        for edge in EDGES:
            medians = [
                within(getattr(found[row.normalizer, row.depth], edge).median)
                for row in cells.itertuples()
            ]
            cells[edge] = pd.Series(medians, dtype=float)
        return cells

    def tables(self) -> Iterator[Table]:
        edges = {(cell.program.normalizer, depth_of(cell)): cell for cell in self.cells}
        yield cells_table(self.name, self.frame, edges, self.tidy)
        known = {w: c for w, c in PREDICTIONS.items() if self.frame[c].notna().any()}
        said = "What is known before training, beside depth alone."
        yield agreement_table(f"{self.name}-agreement", self.frame, known | BASELINE, said)
        if along := self._along():
            yield agreement_table(f"{self.name}-along", self.frame, along | BASELINE, ALONG)

    def _along(self) -> dict[str, str]:
        steps = sorted({int(step) for step in self.tidy.step} - {0})
        return {f"2/λ after {step} step{'s' * (step > 1)}": f"rate_{step}" for step in steps}

    def figure(self, folder: Path) -> Figure:
        lines = {w: c for w, c in PREDICTIONS.items() if self.frame[c].notna().any()}
        lines |= {words: column for words, column in self._along().items() if column == DRAWN}
        return draw_theory(folder, self.name, self.cells, self.frame, lines, caption=CAPTION)

    def summary(self) -> Iterator[str]:
        """What the prediction at initialization is worth, and where it is furthest off."""
        for group, members in groups(self.frame).items():
            for edge, title in EDGES.items():
                found, alone = (
                    agreement(members[column], members[edge])
                    for column in ("rate", "inverse_depth")
                )
                if found.pairs and group.startswith("all"):
                    yield (
                        f"{group.capitalize()} ({found.pairs} cells), {title}: correlation "
                        f"{found.pearson:.2f} with 2/λ at initialization and {alone.pearson:.2f} "
                        f"with 1/depth alone; the measured edge is {ratio(found)} times 2/λ."
                    )
        off = np.log10(self.frame.blow_up / self.frame.rate).abs()
        if off.notna().any():
            worst = self.frame.loc[off.idxmax()]
            yield (
                f"Furthest off: {worst.normalizer}, depth {worst.depth}, where it blows up at "
                f"{number(worst.blow_up / worst.rate)} times the prediction."
            )


def within(rate: float) -> float:
    """A measured edge; NaN where no learning rate is good, or every one is."""
    return rate if 0 < rate < math.inf else math.nan
