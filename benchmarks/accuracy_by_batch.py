"""Accuracy by batch size, one arm a row and a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from keras_norms.lab.found import Found
from keras_norms.lab.quantity import Quantity
from keras_norms.lab.report.claims import interval_text
from keras_norms.lab.report.figures import Figure, colour, drawing, marker
from keras_norms.lab.report.tables import Table


def batch_table(name: str, found: Found, arms: Mapping[str, str], batches: Sequence[int]) -> Table:
    """Final accuracies of the groups "arm, batch", with their intervals."""
    rows = []
    for arm in arms:
        told = {f"batch {b}": interval_text(_accuracies(found, arm, b)) for b in batches}
        rows.append({"normalizer": arm, **told})
    return Table(name, pd.DataFrame(rows), "Final test accuracy: medians over seeds.")


def draw_batches(
    name: str, found: Found, arms: Mapping[str, str], batches: Sequence[int]
) -> Figure:
    """The same as lines.

    Args:
        arms: the normalizer's spec by arm, for its colour.
    """
    figure = Figure(name, found.folder, "Final test accuracy by batch size: medians over seeds.")
    with drawing(figure, width=8.5) as axis:
        for arm, spec in arms.items():
            middle = [np.median(_accuracies(found, arm, batch)) for batch in batches]
            axis.plot(batches, middle, marker=marker(spec), color=colour(spec), label=arm)
        axis.set(xscale="log", xlabel="batch size", ylabel="test accuracy")
        axis.set_xticks(batches, [str(batch) for batch in batches])
        axis.minorticks_off()
        axis.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def spread(found: Found, arm: str, batches: Sequence[int]) -> Quantity:
    """Highest less lowest final accuracy over batch sizes, of each seed."""
    every = [found[f"{arm}, {batch}"].final().values for batch in batches]
    values = {seed: max(v[seed] for v in every) - min(v[seed] for v in every) for seed in every[0]}
    return Quantity(f"spread of the accuracy ({arm})", values)


def _accuracies(found: Found, arm: str, batch: int) -> list[float]:
    return [one.final("test_accuracy") for one in found[f"{arm}, {batch}"]]
