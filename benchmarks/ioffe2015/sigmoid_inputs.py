"""What Figure 1 compares: smoothed accuracies, and how the inputs of the last sigmoids move."""

from __future__ import annotations

import numpy as np
import pandas as pd

from keras_norms.lab.found import Found, Group, between
from keras_norms.lab.quantity import Quantity
from keras_norms.lab.report.claims import interval_text
from keras_norms.lab.report.tables import Table, number
from keras_norms.lab.training import Outcome

PROBE = "@benchmarks.ioffe2015.probes.input_percentiles"
LEVEL = 0.9
PERCENTILES = ("p15", "p50", "p85")
WINDOW = 5  # evaluations: single ones jump by a few test images


def series(outcome: Outcome, percentile: str = "p50") -> np.ndarray:
    """A percentile of each unit's input by evaluation: (evaluations, units)."""
    return np.array([row[percentile] for row in outcome.probed[PROBE]])


def unrest(outcome: Outcome) -> np.ndarray:
    """How much each unit's median input moves: its standard deviation over time."""
    return series(outcome).std(axis=0)


def transient(outcome: Outcome) -> float:
    """How far a median input is at most from where it ends, in the median unit."""
    medians = series(outcome)
    return float(np.median(np.abs(medians - medians[-1]).max(axis=0)))


def smoothed(outcome: Outcome) -> np.ndarray:
    """Test accuracy, the mean of `WINDOW` evaluations in a row."""
    curve = np.array(outcome.curve["test_accuracy"])
    window = min(WINDOW, len(curve))
    return np.convolve(curve, np.full(window, 1 / window), mode="valid")


def lead(with_: Group, without: Group) -> Quantity:
    """The normalized network's smoothed accuracy above the plain one's, where it is least.

    Over the evaluations that both have.
    """

    def least(one: Outcome, other: Outcome) -> float:
        curves = smoothed(one), smoothed(other)
        common = min(map(len, curves))
        return float((curves[0][:common] - curves[1][:common]).min())

    return between(with_, without, least, "smallest smoothed accuracy(with) − accuracy(without)")


def calmer(with_: Group, without: Group) -> Quantity:
    """The share of units whose median input moves less with normalization than without."""

    def share(one: Outcome, other: Outcome) -> float:
        return float(np.mean(unrest(one) < unrest(other)))

    return between(with_, without, share, "share of units whose median input moves less")


def rows(name: str, found: Found, arms: list[str]) -> Table:
    """Where the accuracy ends, when it is at 90 %, how much medians move."""
    tidy = [
        {
            "network": arm,
            "learning rate": number(outcome.run.learning_rate),
            "seed": outcome.run.seed,
            "last accuracy": outcome.final("test_accuracy"),
            "steps to 90 %": outcome.steps_to("test_accuracy", LEVEL),
            "median input, standard deviation over time": float(np.median(unrest(outcome))),
            "median input, transient": transient(outcome),
        }
        for arm in arms
        for outcome in found[arm]
    ]
    numbers = pd.DataFrame(tidy)
    by_arm = numbers.groupby(["network", "learning rate"], sort=False)
    cells = by_arm[[*numbers.columns[3:]]].agg(lambda values: interval_text([*values]))
    caption = (
        "Median over seeds with its exact interval; of the median inputs, the median unit. "
        f"{number(float('inf'))}: not reached."
    )
    return Table(f"{name}-arms", cells.reset_index(), caption, numbers)
