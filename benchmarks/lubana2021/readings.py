"""What is read off the runs: how fast they are, which fail, and what the principles are about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from benchmarks.lubana2021.networks import FEATURES, LINEAR, answer
from keras_norms.lab.found import Group
from keras_norms.lab.quantity import Quantity


def early(group: Group, steps: int) -> Quantity:
    """Mean training accuracy of the first steps; those after a blow-up count as none."""

    def mean(outcome) -> float:
        return float(np.sum(np.nan_to_num(outcome.accuracies[:steps])) / steps)

    return group.quantity(mean, f"mean training accuracy of {steps} steps")


def trains(group: Group) -> Quantity:
    """The share of runs that beat chance at their end."""
    return group.share("useful", "alive")


def failures(networks: Sequence[Mapping[str, Quantity]], share: float) -> Quantity:
    """How many arms fail on one of the networks, or are the slowest there that do not.

    Args:
        networks: by arm the mean accuracy, for each network.
        share: of the best arm's, below which an arm fails.
    """
    failed: dict[int, set[str]] = {}
    for by in networks:
        for seed in next(iter(by.values())).values:
            speed = {arm: one.values[seed] for arm, one in by.items()}
            going = [arm for arm in speed if speed[arm] >= share * max(speed.values())]
            slowest = min(going, key=lambda arm: speed[arm])
            failed.setdefault(seed, set()).update({*speed} - {*going}, {slowest})
    said = "normalizers that fail or are slowest somewhere"
    return Quantity(said, {seed: len(arms) for seed, arms in failed.items()})


def measures(group: Group) -> dict[str, Quantity]:
    """What the three principles are about, at initialization; larger is worse."""

    def ends(rows, name: str, last: int = -2) -> tuple[float, float]:
        values = np.array(rows[0][name], float)
        return values[0], values[last]  # the last behind the head's input

    def growth(rows) -> float:
        first, last = ends(rows, "variance")
        return finite(abs(np.log10(last / first)))

    def gradients(rows) -> float:
        first, last = ends(rows, "gradient")
        return finite(np.log10(first / last))

    return {
        "growth": answer(group, LINEAR).quantity(growth, "|log10 variance ratio|"),
        "similarity": answer(group, FEATURES).quantity(
            lambda rows: finite(rows[0]["similarity"][0]), "mean cosine"
        ),
        "gradients": answer(group, LINEAR).quantity(gradients, "log10 gradient ratio"),
    }


def finite(value: float, most: float = 40.0) -> float:
    """Beyond float32 everything is at the end of its scale."""
    return float(np.clip(value, -most, most)) if np.isfinite(value) else most
