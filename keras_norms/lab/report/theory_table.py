"""Predicted learning rates beside measured ones, as tables."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from keras_norms.lab.edges.agreement import (
    FEWEST_FOR_A_CORRELATION,
    Agreement,
    Interval,
    agreement,
    partial,
)
from keras_norms.lab.edges.cell import Cell
from keras_norms.lab.report.tables import Table, number

EDGES = {"trains": "trains", "blow_up": "blow-up"}


def cells_table(
    name: str, cells: pd.DataFrame, edges: Mapping[tuple[str, int], Cell], tidy: pd.DataFrame
) -> Table:
    """One row a cell at initialization; the CSV has every seed and step.

    Args:
        cells: columns normalizer, depth, lambda_max, lambda_low, lambda_high, loss, rate,
            mean_field_rate, trains, blow_up; NaN where there is no number.
        edges: the measured ones, where a cell has any.
    """
    found = [edges.get((cell.normalizer, cell.depth)) for cell in cells.itertuples()]
    rows = [
        {
            "normalizer": cell.normalizer,
            "depth": cell.depth,
            "lambda_max": f"{number(cell.lambda_max)} "
            f"({number(cell.lambda_low)} to {number(cell.lambda_high)})",
            "initial loss": number(cell.loss),
            "2 / lambda_max": number(cell.rate),
            "mean field": number(cell.mean_field_rate),
            "trains": str(edge.trains) if edge else "–",
            "blow-up": str(edge.blow_up) if edge else "–",
            "trains / predicted": number(cell.trains / cell.rate),
            "blow-up / predicted": number(cell.blow_up / cell.rate),
        }
        for cell, edge in zip(cells.itertuples(), found, strict=True)
    ]
    caption = (
        "Largest eigenvalue of the Gauss-Newton matrix at initialization (median over seeds, "
        "smallest to largest), the learning rates that it and the mean-field recursion predict, "
        "and the measured edges with their 90 % intervals. –: no rate, or no prediction."
    )
    return Table(name, pd.DataFrame(rows), caption, tidy)


def agreement_table(
    name: str, cells: pd.DataFrame, predictions: Mapping[str, str], caption: str
) -> Table:
    """One row a prediction and group of cells, both edges beside each other.

    Args:
        predictions: from the words of the table to the column of `cells` that holds the rates.
        caption: what the predictions are; how they are compared is added.
    """
    rows = []
    for words, column in predictions.items():
        known = cells[cells[column].notna()]
        for group, members in groups(known).items():
            row = {"prediction": words, "cells": group}
            for edge, title in EDGES.items():
                found = agreement(members[column], members[edge])
                row |= {
                    f"{title}: n": found.pairs,
                    f"{title}: Pearson": _correlation(found.pearson, found.pearson_interval),
                    f"{title}: Spearman": _correlation(found.spearman, found.spearman_interval),
                    f"{title}: given depth": _given_depth(members, column, edge),
                    f"{title} / predicted": ratio(found),
                }
            rows.append(row)
    caption += (
        " Agreement of the logarithms over cells (normalizer and depth, medians over seeds): "
        "correlation with its 95 % bootstrap interval over cells (from 8 cells), and measured "
        "over predicted: median (smallest to largest)."
    )
    return Table(name, pd.DataFrame(rows), caption)


def _given_depth(cells: pd.DataFrame, column: str, edge: str) -> str:
    """Partial correlation of the logarithms; – where depth is the prediction, or cells are few."""
    known = cells[[column, edge, "depth"]].dropna()
    known = np.log10(known[(known > 0).all(axis=1) & np.isfinite(known).all(axis=1)])
    constant = known.nunique().min() < 2 if len(known) else True
    if column == "inverse_depth" or len(known) < FEWEST_FOR_A_CORRELATION + 1 or constant:
        return "–"
    value = partial(known[[column, edge]].to_numpy(), known["depth"].to_numpy())
    return "–" if np.isnan(value) else f"{value:.2f}"


def groups(cells: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """All cells, those without batch normalization, and those of each normalizer."""
    found = {"all": cells}
    by_batch = cells.normalizer.str.startswith("batch")
    if by_batch.any() and not by_batch.all():
        found["all but batch"] = cells[~by_batch]
    normalizers = list(dict.fromkeys(cells.normalizer))
    if len(normalizers) > 1:
        found |= {name: cells[cells.normalizer == name] for name in normalizers}
    return found


def ratio(found: Agreement) -> str:
    if not found.ratios:
        return "–"
    median = float(pd.Series(found.ratios).median())
    return f"{number(median)} ({number(found.ratios[0])} to {number(found.ratios[-1])})"


def _correlation(value: float, interval: Interval) -> str:
    text = "–" if pd.isna(value) else f"{value:.2f}"
    return text + (f" [{interval[0]:.2f}, {interval[1]:.2f}]" if interval else "")
