"""The theory study's part of the report, from its finished measurements and the edges."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from optuna.trial import FrozenTrial

from keras_norms.lab.report.tables import number
from keras_norms.lab.report.theory_plot import draw_theory
from keras_norms.lab.report.theory_table import (
    EDGES,
    agreement_table,
    cells_table,
    groups,
    ratio,
)
from keras_norms.lab.stability.agreement import agreement
from keras_norms.lab.stability.frontier import Cell
from keras_norms.lab.stability.measurements import points_of
from keras_norms.lab.stability.sharpness import Measurement
from keras_norms.lab.stability.theory import (
    Inputs,
    maximal_learning_rate,
    mean_field_eigenvalue,
)

CELL = ["normalizer", "depth"]


def contents(
    name: str,
    measured: Sequence[tuple[Measurement, FrozenTrial]],
    edges: Mapping[tuple[str, int], Cell],
    inputs: Inputs,
    folder: Path,
) -> dict[str, Any]:
    """Summary, figure and tables of a `Section`."""
    tidy = by_seed(measured, edges, inputs)
    cells = by_cell(tidy, edges)
    steps = sorted(tidy.step.unique())[1:]
    predictions = {"2 / lambda_max at initialization": "rate", "mean field": "mean_field_rate"}
    predictions = {words: at for words, at in predictions.items() if cells[at].notna().any()}
    along = {f"2 / lambda_max after {step} steps": f"rate_{step}" for step in steps}
    middle = {words: at for words, at in along.items() if at == "rate_10"}
    lines = predictions | middle | dict([*along.items()][-1:])
    caption = (
        "Measured edges of every seed, and learning rates that theory predicts (medians over "
        "seeds): 2 / lambda_max of the Gauss-Newton matrix at initialization and along a stable "
        "training, and the mean-field recursion of Wei et al., which knows no other normalizer "
        "than batch normalization."
    )
    return {
        "summary": summary(cells),
        "figures": [
            draw_theory(
                folder / "figures", name, list(edges.values()), cells, lines, caption=caption
            )
        ],
        "tables": [
            cells_table(name, cells, tidy),
            agreement_table(f"{name}-agreement", cells, predictions),
            agreement_table(f"{name}-along", cells, along),
        ],
    }


def by_seed(
    measured: Sequence[tuple[Measurement, FrozenTrial]],
    edges: Mapping[tuple[str, int], Cell],
    inputs: Inputs,
) -> pd.DataFrame:
    """One row a seed and step, with the seed's own edges."""
    rows = []
    for measurement, trial in measured:
        run = measurement.run
        cell = edges.get((run.normalizer, run.depth))
        own = cell.seeds.get(run.seed) if cell else None
        mean_field = mean_field_eigenvalue(run, inputs)
        for point in points_of(trial):
            largest = point.largest
            rows.append(
                {
                    "normalizer": run.normalizer,
                    "depth": run.depth,
                    "seed": run.seed,
                    "step": point.step,
                    "learning_rate": run.learning_rate if point.step else math.nan,
                    "lambda_max": largest.lambda_max,
                    "iterations": largest.iterations,
                    "residual": largest.residual,
                    "loss": largest.loss,
                    "rate": maximal_learning_rate(largest.lambda_max, run.momentum),
                    "mean_field_rate": math.nan
                    if mean_field is None
                    else maximal_learning_rate(mean_field, run.momentum),
                    "trains": own and own.trains.below,
                    "blow_up": own and own.blow_up.below,
                }
            )
    return pd.DataFrame(rows).astype(dict.fromkeys(EDGES, float))


def by_cell(tidy: pd.DataFrame, edges: Mapping[tuple[str, int], Cell]) -> pd.DataFrame:
    """One row a cell: medians over seeds, and the predicted rate after each step."""
    start = tidy[tidy.step == 0].groupby(CELL, sort=False)
    cells = start.agg(
        lambda_max=("lambda_max", "median"),
        lambda_low=("lambda_max", "min"),
        lambda_high=("lambda_max", "max"),
        loss=("loss", "median"),
        rate=("rate", "median"),
        mean_field_rate=("mean_field_rate", "median"),
    ).reset_index()
    later = tidy[tidy.step > 0].pivot_table("rate", CELL, "step", "median")
    cells = cells.join(later.add_prefix("rate_"), on=CELL)
    for edge in EDGES:
        found = [edges.get((cell.normalizer, cell.depth)) for cell in cells.itertuples()]
        cells[edge] = pd.Series([c and getattr(c, edge).median for c in found], dtype=float)
    return cells


def summary(cells: pd.DataFrame) -> list[str]:
    """What the prediction at initialization is worth, for all cells and for groups of them."""
    sentences = []
    for group, members in groups(cells).items():
        for edge, title in EDGES.items():
            found = agreement(members.rate, members[edge])
            if not found.pairs:
                continue
            r = "" if math.isnan(found.pearson) else f"correlation {found.pearson:.2f}, "
            sentences.append(
                f"{group}: {title} against 2 / lambda_max at initialization: {r}the measured edge "
                f"is {ratio(found)} times the prediction ({found.pairs} cells)."
            )
    worst = cells.loc[cells.loss.idxmax()]
    sentences.append(
        f"The largest initial loss is {number(worst.loss)} ({worst.normalizer}, depth "
        f"{worst.depth})."
    )
    return sentences
