"""Accuracy against steps: one line an arm, the median over seeds with their range as a band."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.ticker import PercentFormatter

from keras_norms.lab.found import Group
from keras_norms.lab.report.figures import Figure, drawing


@dataclass(frozen=True)
class Look:
    """How an arm is drawn."""

    colour: str
    dashes: str = "-"


def curves(groups: Mapping[str, Group]) -> pd.DataFrame:
    """The test accuracies of groups of runs, as `draw_learning_curves` takes them."""
    points = [
        {"arm": arm, "seed": seed, "step": step, "test_accuracy": accuracy}
        for arm, group in groups.items()
        for seed, outcome in zip(group.seeds, group, strict=True)
        for step, accuracy in zip(
            outcome.curve["step"], outcome.curve["test_accuracy"], strict=True
        )
    ]
    return pd.DataFrame(points)


def draw_learning_curves(
    folder: Path,
    name: str,
    curves: pd.DataFrame,
    looks: Mapping[str, Look],
    *,
    title: str,
    caption: str,
    target: float | None = None,
    reached: Mapping[str, float] | None = None,
) -> Figure:
    """Draws test accuracy against steps.

    Args:
        curves: one row an arm, seed and evaluation: `arm`, `seed`, `step`, `test_accuracy`.
        looks: the arms in the order of the legend.
        target: an accuracy to mark by a line.
        reached: by arm the step at which it reached the target, marked by a diamond.
    """
    figure = Figure(name, folder, caption)
    with drawing(figure) as axes:
        for arm, look in looks.items():
            by_step = curves[curves.arm == arm].groupby("step").test_accuracy
            middle = by_step.median()
            style = {"color": look.colour, "zorder": 3}
            axes.plot(middle.index, middle, look.dashes, label=arm, **style)
            axes.fill_between(
                middle.index, by_step.min(), by_step.max(), color=look.colour, alpha=0.12, lw=0
            )
            step = (reached or {}).get(arm)
            if target is not None and step is not None and step <= middle.index.max():
                axes.plot(
                    step, target, "D", ms=7, mec="white", mew=1.2, color=look.colour, zorder=5
                )
        if target is not None:
            axes.axhline(target, color="#999999", lw=1, ls=(0, (2, 2)), zorder=1)
        axes.set(
            xlabel="training steps (mini-batches)", ylabel="test accuracy", ylim=(0, 1.02), xlim=0
        )
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axes.set_title(title)
        axes.grid(axis="x", visible=False)
        axes.figure.legend(loc="outside right center")
    return figure
