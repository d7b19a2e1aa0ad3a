"""How well what is known before training predicts the edges of a map, beside depth alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from keras_norms.lab.edges.agreement import partial, spearman
from keras_norms.lab.edges.slope import has_place
from keras_norms.lab.report.map_rows import Row
from keras_norms.lab.report.tables import Table

# What is measured at the start, as it is called on the page.
PREDICTORS = {
    "two_over_lambda": "2 / λ",
    "mean_field": "mean field",
    "growth": "growth of the variance",
    "similarity": "similarity of two examples",
    "ratio": "ratio of gradients",
}
DEPTH = "depth alone (baseline)"
EDGES = {"blow_up": "blow-up", "alive": "trains"}
FEWEST = 5  # cells: a line with two predictors is fitted to those of all normalizers but one


def predictors_table(
    name: str, rows: Sequence[Row], measured: Sequence[Mapping[str, float]]
) -> Table:
    """One row a family, edge and predictor.

    Args:
        name: of the study.
        rows: the cells.
        measured: for each what was seen at its start.
    """
    found = []
    for family in dict.fromkeys(row.family for row in rows):
        mine = [k for k, row in enumerate(rows) if row.family == family]
        its = [rows[k] for k in mine], [measured[k] for k in mine]
        found += [{"family": family, **row} for edge in EDGES for row in _of(edge, *its)]
    found = [row for row in found if not math.isnan(row["error: depth alone"])]
    caption = (
        "What predicts the edges. Correlation of ranks with the measured edge; correlation of the "
        "logarithms that is left after both are regressed on log depth; and the error in decades "
        "(root mean square) of a line fitted to all normalizers but one and read at that one: with "
        "depth alone, with the predictor alone, with both, on the same cells. A predictor is worth "
        "something where its error is below that of depth. All are measured at initialization, "
        "one seed; predictors with fewer than five cells or two normalizers are left out."
    )
    frame = pd.DataFrame(found)
    shown = frame.copy()
    for column in frame.columns[4:]:
        shown[column] = [_words(value) for value in frame[column]]
    return Table(f"{name}-predictors", shown, caption, frame.round(3))


def _of(
    edge: str, rows: Sequence[Row], measured: Sequence[Mapping[str, float]]
) -> Iterator[dict[str, Any]]:
    """The rows of one family and edge."""
    known = [k for k, row in enumerate(rows) if has_place(row.cell.edge(edge))]
    arms = np.array([rows[k].arm for k in known])
    depth = np.log10([rows[k].depth for k in known])
    y = np.log10([rows[k].cell.edge(edge).median for k in known])
    yield {"edge": EDGES[edge], "predictor": DEPTH, **_scores(depth, y, arms)}
    for column, told in PREDICTORS.items():
        x = np.array([_log(measured[k].get(column)) for k in known])
        fine = np.isfinite(x)
        scores = _scores(x[fine], y[fine], arms[fine], depth[fine])
        yield {"edge": EDGES[edge], "predictor": told, **scores}


def _scores(
    x: np.ndarray, y: np.ndarray, arms: np.ndarray, depth: np.ndarray | None = None
) -> dict[str, float]:
    """NaN where there are too few cells, or one side is constant."""
    enough = len(x) >= FEWEST and len(set(arms)) > 1
    baseline = x if depth is None else depth
    error = left_out(baseline[:, None], y, arms) if enough else math.nan
    own = both = given = math.nan
    if enough and depth is not None:
        own = left_out(x[:, None], y, arms)
        both = left_out(np.stack([x, depth], -1), y, arms)
        given = partial(np.stack([x, y], -1), depth)
    return {
        "cells": len(x),
        "rank correlation": float(spearman(np.stack([x, y], -1))) if enough else math.nan,
        "partial correlation given depth": given,
        "error: depth alone": error,
        "error: predictor alone": own,
        "error: both": both,
    }


def left_out(x: np.ndarray, y: np.ndarray, arms: np.ndarray) -> float:
    """Root mean square error, each normalizer's edges by the line through all others'."""
    design = np.column_stack([np.ones(len(x)), x])
    errors = np.empty(len(y))
    for arm in set(arms):
        its = arms == arm
        line = np.linalg.lstsq(design[~its], y[~its], rcond=None)[0]
        errors[its] = y[its] - design[its] @ line
    return float(np.sqrt(np.mean(errors**2)))


def _log(value: object) -> float:
    number = float(value) if value is not None else math.nan  # type: ignore[arg-type]
    return math.log10(number) if 0 < number < math.inf else math.nan


def _words(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2f}".replace("-", "−")
