"""Learning rate by step, computed before training and handed to the program as an array."""

from __future__ import annotations

import numpy as np

from keras_norms.lab.errors import BadInput

FORMS = "'constant' or 'exponential:decay=0.5,every=100'"


def learning_rates(schedule: str, learning_rate: float, steps: int) -> np.ndarray:
    """The learning rate of each step, float32, shape (steps,).

    Args:
        schedule: `"constant"`, or `"exponential:decay=d,every=n"` for
            `learning_rate * d ** (step / n)` with the step counted from zero.
        learning_rate: at step zero.
        steps: how many.

    Raises:
        BadInput: a schedule of neither form, or decay or interval that make no sense.
    """
    decay, every = parse(schedule)
    rates = learning_rate * decay ** (np.arange(steps, dtype=np.float64) / every)
    return rates.astype(np.float32)


def parse(schedule: str) -> tuple[float, float]:
    """Decay factor and its interval in steps; (1, 1) for a constant rate."""
    if schedule == "constant":
        return 1.0, 1.0
    name, _, rest = schedule.partition(":")
    given = dict(part.partition("=")[::2] for part in rest.split(",") if part)
    try:
        decay, every = float(given.pop("decay")), float(given.pop("every"))
    except (KeyError, ValueError):
        name = ""
    if name != "exponential" or given:
        raise BadInput(f"schedule={schedule!r} is unknown: write {FORMS}")
    if not (0 < decay <= 1 and every > 0):
        raise BadInput(
            f"schedule={schedule!r}: decay must lie in (0, 1] and every be positive, as in {FORMS}"
        )
    return decay, every
