"""Learning rate by step, computed before training and handed to the program as an array."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from keras_norms.lab.specs import Chosen, Kind, choose_all, positive, real, several, share

CONSTANT = "constant"
_TIME = positive(0.0)  # a share of the run's steps below 1, else steps
_DROP = real(0.1, lambda value: 0 < value <= 1, "a number in (0, 1]")


def _check_order(arguments: Mapping[str, Any]) -> None:
    at = arguments["at"]
    if not at:
        raise ValueError("at=() has no step at which the rate drops: write at=(0.5,0.75), say")


# Each multiplies the learning rate.
SCHEDULES: dict[str, Kind] = {
    CONSTANT: Kind(),
    "exponential": Kind(
        {
            "decay": real(0.5, lambda value: 0 < value <= 1, "a number in (0, 1]"),
            "every": positive(100.0),
        }
    ),
    "warmup": Kind({"steps": positive(50.0)}),
    "piecewise": Kind({"at": several((0.5, 0.75), _TIME), "factor": _DROP}, check=_check_order),
    "cosine": Kind({"floor": share(0.0)}),
}


def choose_schedule(text: str) -> list[Chosen]:
    """The factors of a schedule, in the order of their texts; none where the rate is constant.

    Raises:
        BadInput: see `lab.specs.choose`.
    """
    found = choose_all("schedule", text, SCHEDULES)
    return sorted((one for one in found if one.name != CONSTANT), key=str)


def canonical(text: str) -> str:
    """One text for all schedules that are the same."""
    return "+".join(map(str, choose_schedule(text))) or CONSTANT


def learning_rates(schedule: str, learning_rate: float, steps: int) -> np.ndarray:
    """The learning rate of each step, float32, shape (steps,).

    With `t` the step from zero and `T` the run's steps, `learning_rate` times, for each of

        constant                        1
        exponential:decay=d,every=n     d^(t / n)
        warmup:steps=n                  min(1, (t + 1) / n)
        piecewise:at=(a, b),factor=f    f to the number of a, b that t has reached
        cosine:floor=c                  c + (1 - c) (1 + cos(pi t / T)) / 2

    joined by `+`. Times below 1 (`n` of the warm-up, `a` and `b`) are shares of `T`.

    Raises:
        BadInput: see `choose_schedule`.
    """
    step = np.arange(steps, dtype=np.float64)
    rates = np.broadcast_to(learning_rate * factor(np, schedule, step, steps), (steps,))
    return rates.astype(np.float32)


def factor(xp: Any, schedule: str, step: Any, steps: int) -> Any:
    """What a schedule multiplies the learning rate by.

    Args:
        xp: NumPy or `keras.ops`, whichever `step` is of.
        schedule: spec.
        step: from zero, floating.
        steps: of the run.
    """
    product: Any = 1.0
    for one in choose_schedule(schedule):
        product = product * FACTORS[one.name](xp, step, steps, **one.arguments)
    return product


def _exponential(xp: Any, step: Any, total: int, decay: float, every: float) -> Any:
    return xp.power(decay, step / every)


def _warmup(xp: Any, step: Any, total: int, steps: float) -> Any:
    return xp.minimum(1.0, (step + 1) / max(1.0, _in_steps(steps, total)))


def _piecewise(xp: Any, step: Any, total: int, at: tuple[float, ...], factor: float) -> Any:
    product: Any = 1.0
    for time in at:
        product = product * xp.where(step >= _in_steps(time, total), factor, 1.0)
    return product


def _cosine(xp: Any, step: Any, total: int, floor: float) -> Any:
    return floor + (1 - floor) * (1 + xp.cos(math.pi * step / total)) / 2


def _in_steps(time: float, total: int) -> float:
    return time * total if time < 1 else time


FACTORS = {
    "exponential": _exponential,
    "warmup": _warmup,
    "piecewise": _piecewise,
    "cosine": _cosine,
}
