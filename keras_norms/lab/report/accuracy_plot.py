"""The best accuracy of each cell, where each seed has the learning rate that suits it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.ticker import FixedLocator, NullLocator, PercentFormatter, ScalarFormatter

from keras_norms.lab.edges.cell import Cell
from keras_norms.lab.report.figures import Figure, colour, drawing, marker
from keras_norms.lab.report.frontier_plot import Along
from keras_norms.lab.report.tables import Table, number, percent
from keras_norms.lab.training import Outcome

APART = 0.025  # between the normalizers at one place, as a share of the axis


def value_of(outcome: Outcome) -> float:
    """Final accuracy; 0 for a run that blew up, which is a bad one and not a missing one."""
    accuracy = outcome.final("test_accuracy")
    return 0.0 if outcome.verdict.blown or math.isnan(accuracy) else accuracy


def best_runs(cell: Cell) -> list[Outcome]:
    """The outcome with the highest final test accuracy of each seed that has runs."""
    by_seed: dict[int, list[Outcome]] = {}
    for outcome in cell.outcomes:
        by_seed.setdefault(outcome.run.seed, []).append(outcome)
    return [max(by_seed[seed], key=value_of) for seed in sorted(by_seed)]


def draw_accuracy(
    folder: Path, name: str, cells: Sequence[Cell], *, steps: int, what: str, along: Along
) -> Figure:
    """Best accuracy against a number (log 2): the median over seeds, their range as a bar."""
    caption = (
        f"Accuracy after {steps} steps at the best learning rate of each seed among those tried: "
        f"{what}. Lines are medians over seeds, bars their range."
    )
    normalizers = list(dict.fromkeys(cell.program.normalizer for cell in cells))
    places = sorted({along.of(cell) for cell in cells})
    apart = (2 * places[-1] / places[0]) ** APART
    figure = Figure(name, folder, caption)
    with drawing(figure) as axes:
        axes.set_xscale("log", base=2)
        for place, normalizer in enumerate(normalizers):
            mine = sorted((c for c in cells if c.program.normalizer == normalizer), key=along.of)
            x = [along.of(c) * apart ** (place - (len(normalizers) - 1) / 2) for c in mine]
            found = [[value_of(outcome) for outcome in best_runs(cell)] for cell in mine]
            ink = colour(normalizer)
            axes.plot(
                x, [np.median(values) for values in found], color=ink, marker=marker(normalizer),
                ms=4.5, label=normalizer.split(":")[0], zorder=3,
            )  # fmt: skip
            axes.vlines(x, [min(v) for v in found], [max(v) for v in found], color=ink, lw=1)
        axes.xaxis.set(
            major_locator=FixedLocator(places),
            minor_locator=NullLocator(),
            major_formatter=ScalarFormatter(),
        )
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axes.set(xlabel=along.label, ylabel="accuracy")
        axes.set_title(f"Best accuracy ({steps} steps)")
        axes.figure.legend(loc="outside right center")
    return figure


def accuracy_table(cells: Sequence[Cell], name: str, along: Along) -> Table:
    """One row a cell; the CSV has one row a seed."""
    rows, tidy = [], []
    for cell in cells:
        best = best_runs(cell)
        accuracies = [value_of(outcome) for outcome in best]
        where = {"normalizer": cell.program.normalizer, along.column: along.of(cell)}
        rows.append(
            {
                **where,
                "best accuracy": f"{percent(float(np.median(accuracies)))} "
                f"({percent(min(accuracies))} to {percent(max(accuracies))})",
                "at learning rates": ", ".join(number(o.run.learning_rate) for o in best),
            }
        )
        tidy += [
            {
                **where,
                "seed": outcome.run.seed,
                "accuracy": value,
                "learning_rate": outcome.run.learning_rate,
            }
            for outcome, value in zip(best, accuracies, strict=True)
        ]
    caption = (
        "Accuracy at each seed's best learning rate: median over seeds (lowest to highest), "
        "and the rates."
    )
    return Table(name, pd.DataFrame(rows), caption, pd.DataFrame(tidy))
