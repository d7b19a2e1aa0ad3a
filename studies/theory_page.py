"""The theory study's part of the report, from its finished measurements and the edges."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from optuna.trial import FrozenTrial

from keras_norms.lab.edges.agreement import agreement
from keras_norms.lab.edges.cell import Cell
from keras_norms.lab.edges.measurements import points_of
from keras_norms.lab.edges.sharpness import Measurement
from keras_norms.lab.edges.theory import (
    Inputs,
    maximal_learning_rate,
    mean_field_eigenvalue,
)
from keras_norms.lab.report.tables import number
from keras_norms.lab.report.theory_plot import draw_theory
from keras_norms.lab.report.theory_table import (
    EDGES,
    agreement_table,
    cells_table,
    groups,
    ratio,
)

CELL = ["normalizer", "depth"]
DRAWN = ("rate_10",)
ALONG = (
    "What is known after some steps of a stable training. Its learning rate is a third of the "
    "median trains edge, and curvature tends to 2 over the learning rate that it is trained "
    "with, so part of the agreement is there by construction."
)


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
    steps = sorted(set(tidy.step.tolist()) - {0})
    predictions = {"2/λ at initialization": "rate", "mean field": "mean_field_rate"}
    predictions = {words: at for words, at in predictions.items() if cells[at].notna().any()}
    along = {f"2/λ after {step} step{'s' * (step > 1)}": f"rate_{step}" for step in steps}
    lines = predictions | {words: at for words, at in along.items() if at in DRAWN}
    caption = (
        "Measured edges of every seed, and learning rates that theory predicts (medians over "
        "seeds): 2/λ, λ the Gauss-Newton matrix's largest eigenvalue, at initialization and after "
        "10 steps of a stable training; and the mean-field recursion of Wei et al., which knows no "
        "other normalizer than batch normalization."
    )
    tables = [
        cells_table(name, cells, edges, tidy),
        agreement_table(f"{name}-agreement", cells, predictions, "What is known before training."),
    ]
    if along:
        tables.append(agreement_table(f"{name}-along", cells, along, ALONG))
    return {
        "summary": summary(cells),
        "figures": [
            draw_theory(
                folder / "figures", name, list(edges.values()), cells, lines, caption=caption
            )
        ],
        "tables": tables,
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
        own = {edge: getattr(cell, edge).values[run.seed] for edge in EDGES} if cell else {}
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
                    **{edge: within(own.get(edge, math.nan)) for edge in EDGES},
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
        medians = [within(getattr(c, edge).median) if c else math.nan for c in found]
        cells[edge] = pd.Series(medians, dtype=float)
    return cells


def within(rate: float) -> float:
    """A measured edge; NaN where no learning rate is good, or every one is."""
    return rate if 0 < rate < math.inf else math.nan


def summary(cells: pd.DataFrame) -> list[str]:
    """What the prediction at initialization is worth, and where it is furthest off."""
    sentences = []
    for group, members in groups(cells).items():
        for edge, title in EDGES.items():
            found = agreement(members.rate, members[edge])
            if found.pairs and group.startswith("all"):
                correlated = (
                    f"correlation {found.pearson:.2f} with 2/λ" if found.pearson_interval else ""
                )
                sentences.append(
                    f"{group.capitalize()} ({found.pairs} cells), {title}: "
                    f"{correlated or '2/λ'} at initialization; the measured edge is "
                    f"{ratio(found)} times it."
                )
    off = (cells.blow_up / cells.rate).map(math.log10).abs()
    if off.notna().any():
        worst = cells.loc[off.idxmax()]
        sentences.append(
            f"Furthest off: {worst.normalizer}, depth {worst.depth}, where it blows up at "
            f"{number(worst.blow_up / worst.rate)} times the prediction."
        )
    steepest = cells.loc[cells.loss.idxmax()]
    sentences.append(
        f"The largest initial loss is {number(steepest.loss)} ({steepest.normalizer}, depth "
        f"{steepest.depth})."
    )
    return sentences
