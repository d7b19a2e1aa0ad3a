"""Figure 1 drawn again: accuracy against steps, and percentiles of a sigmoid's input."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmarks.ioffe2015.sigmoid_inputs import PERCENTILES, series, unrest
from keras_norms.lab.found import Group
from keras_norms.lab.report.figures import Figure, drawing
from keras_norms.lab.report.learning_curves import Look, curves, draw_learning_curves
from keras_norms.lab.training import Outcome

LOOKS = [Look("#6b6b6b", "--"), Look("#0072b2")]


def draw_accuracy(folder: Path, name: str, arms: Mapping[str, Group], said: str) -> Figure:
    """Figure 1(a)."""
    caption = (
        "Test accuracy of a network of 3 x 100 sigmoids, without and with batch normalization, "
        f"after the paper's Figure 1(a). {said}Lines are medians over seeds, bands their range."
    )
    looks = dict(zip(arms, LOOKS, strict=True))
    title = "A small network of sigmoids"
    return draw_learning_curves(folder, name, curves(arms), looks, title=title, caption=caption)


def typical_unit(outcome: Outcome) -> int:
    """The unit whose median input moves as much as half of the units' do."""
    moves = unrest(outcome)
    return int(np.argsort(moves)[len(moves) // 2])


def draw_percentiles(folder: Path, name: str, arms: Mapping[str, Group], said: str) -> Figure:
    """Figure 1(b) and (c), of the first seed."""
    first = next(iter(arms.values()))[0]
    unit = typical_unit(first)
    caption = (
        "The 15th, 50th and 85th percentile, over the test images, of the input to one sigmoid of "
        f"the last hidden layer, after the paper's Figure 1(b) and (c). {said}Seed "
        f"{first.run.seed}, unit {unit}."
    )
    figure = Figure(name, folder, caption)
    with drawing(figure, width=9, height=3.8, columns=2) as both:
        for axes, look, (arm, outcomes) in zip(both, LOOKS, arms.items(), strict=True):
            steps, colour = outcomes[0].curve["step"], look.colour
            low, middle, high = (series(outcomes[0], p)[:, unit] for p in PERCENTILES)
            axes.fill_between(steps, low, high, color=colour, alpha=0.12, lw=0)
            axes.plot(steps, middle, color=colour)
            for line in (low, high):
                axes.plot(steps, line, color=colour, lw=1)
            axes.set(xlabel="training steps (mini-batches)", xlim=0)
            axes.set_title(arm)
        both[0].set_ylabel("input of a sigmoid")
    return figure
