"""What probes say: walks along the gradient at equal loss, and how activations drift."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from keras_norms.lab.found import Group, between
from keras_norms.lab.quantity import Quantity

Row = Mapping[str, Any]
EQUAL = 0.1  # in the loss: two looks that are no further apart are at equal loss

# The three panels of Figure 4.
MEASURES: dict[str, Callable[[Row], float]] = {
    "loss range": lambda row: row["loss_range"],
    "gradient change": lambda row: max(row["gradient_change"]),
    "effective β": lambda row: row["beta"],
}


def measured(row: Row, what: str) -> float:
    """One of `MEASURES`; what overflowed is infinite."""
    value = float(MEASURES[what](row))
    return value if math.isfinite(value) else math.inf


def at_equal_loss(one: Group, other: Group, what: str) -> Quantity:
    """Median ratio over looks of `one`, each beside the look of `other` with the nearest loss.

    Those no further apart than `EQUAL`; the nearest pair where no two looks are.

    Args:
        one, other: what the probe "smoothness" answered.
        what: one of `MEASURES`.
    """

    def ratio(a: Sequence[Row], b: Sequence[Row]) -> float:
        pairs = [(row, min(b, key=lambda two, row=row: apart(row, two))) for row in a]
        nearest = min(apart(*pair) for pair in pairs)
        equal = [pair for pair in pairs if apart(*pair) <= max(EQUAL, nearest)]
        return float(np.median([over(*(measured(row, what) for row in pair)) for pair in equal]))

    return between(one, other, ratio, f"{what} at equal loss, {one.name} / {other.name}")


def at_equal_step(one: Group, other: Group, what: str) -> Quantity:
    """Median ratio over looks after the same number of steps."""

    def ratio(a: Sequence[Row], b: Sequence[Row]) -> float:
        pairs = zip(a, b, strict=False)
        return float(np.median([over(*(measured(row, what) for row in pair)) for pair in pairs]))

    return between(one, other, ratio, f"{what} at equal step, {one.name} / {other.name}")


def apart(one: Row, other: Row) -> float:
    return abs(one["first"] - other["first"])


def over(a: float, b: float) -> float:
    """The ratio; 1 where both overflowed."""
    return 1.0 if a == b else a / b if b else math.inf


def drifts(rows: Sequence[Row]) -> np.ndarray:
    """By layer how far channel means and deviations move from one look to the next.

    Root mean square over channels, over that of the deviations; the mean over looks.
    """
    found = []
    for layer in range(len(rows[0]["layers"])):
        mean = np.array([row["output_mean"][layer] for row in rows])
        deviation = np.sqrt([row["output_variance"][layer] for row in rows])
        moved = np.square(np.diff(mean, axis=0)) + np.square(np.diff(deviation, axis=0))
        scale = np.sqrt(np.square(deviation).mean())
        found.append(np.sqrt(moved.mean(axis=1)).mean() / scale if scale else 0.0)
    return np.array(found)
