"""A range test: one short run whose learning rate rises from the lowest to the highest.

Smith 2017, "Cyclical learning rates for training neural networks": the rate grows geometrically,
step by step, until the loss blows up. One ramp is cheap and rough. The weights at which it comes to
a rate are not those of a run at that rate, and a rate that is held for one step only may be larger
than one held for all of them: ramps stop a third of a decade to a decade above the edge, and differ
between seeds by as much. So where it stops is where a search begins, as a prior of the blow-up edge
that keeps a share of the flat one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from keras_norms.lab.edges.threshold import Thresholds

STEPS = 100
ABOVE, SPREAD = 0.4, 0.5  # decades from the edge to where ramps stop, and their deviation
FLAT = 0.3  # share of the flat prior that stays
SMOOTHED = 10  # steps over which the loss is averaged for the steepest fall


@dataclass(frozen=True)
class Ramp:
    """Attributes:
    steps: of the ramp.
    low, high: its rates.
    stop: the rate at which it blew up; None where it did not.
    steepest: the rate at which the smoothed loss fell fastest, which range tests suggest; None
        where it never fell.
    """

    steps: int
    low: float
    high: float
    stop: float | None
    steepest: float | None

    @classmethod
    def of(cls, losses: Sequence[float], rates: Sequence[float], blew_up: bool) -> Ramp:
        """From its losses, up to the blow-up if there is one."""
        # A loss is that before the update at its step.
        stop = float(rates[max(len(losses) - 2, 0)]) if blew_up else None
        used = np.asarray(losses[: -1 if blew_up else None], float)
        steepest = None
        if len(used) > 2 * SMOOTHED:
            smooth = np.convolve(used, np.ones(SMOOTHED) / SMOOTHED, "valid")
            slope = np.gradient(smooth)
            if slope.min() < 0:
                steepest = float(rates[int(slope.argmin()) + SMOOTHED // 2])
        return cls(len(rates), float(rates[0]), float(rates[-1]), stop, steepest)

    def prior(self) -> Thresholds:
        """What it says about the edges."""
        flat = Thresholds.prior(self.low, self.high)
        if self.stop is None:
            return flat
        edge = flat.before.blow_up.copy()
        inside, within = edge[1:-1], flat.range.thresholds[1:-1]
        away = (within - (math.log10(self.stop) - ABOVE)) / SPREAD
        bell = np.exp(-(away**2) / 2)
        edge[1:-1] = FLAT * inside + (1 - FLAT) * inside.sum() * bell / max(bell.sum(), 1e-30)
        return replace(flat, before=replace(flat.before, blow_up=edge))

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        said = "did not blow up" if self.stop is None else f"blew up at {self.stop:.2g}"
        suggests = "nothing" if self.steepest is None else f"{self.steepest:.2g}"
        return (
            f"one ramp of {self.steps} steps from {self.low:.2g} to {self.high:.2g} {said}, its "
            f"loss fell fastest at {suggests}"
        )


def ramp_rates(low: float, high: float, steps: int = STEPS) -> np.ndarray:
    """Of each step, from `low` to `high`."""
    return np.geomspace(low, high, steps)
