"""What became of a run: blew up, trained, or untrained."""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import StrEnum

# Losses that peaked between 2 and 10 times their start often recover; above 10 times none did.
BLOW_UP_FACTOR = 10.0
# The last tenth of the steps, and at least this many, say where a run has ended.
FINAL_SHARE, FEWEST_FINAL_STEPS = 0.1, 10


class Verdict(StrEnum):
    """The end of a run. Divergence is a verdict, never an exception."""

    BLEW_UP = "blew up"
    TRAINED = "trained"
    UNTRAINED = "untrained"


def blow_up_limit(first_loss: float, classes: int) -> float:
    """The loss above which a run has blown up: `10 * max(first loss, ln classes)`."""
    return BLOW_UP_FACTOR * max(first_loss, math.log(classes))


def trained_above(classes: int) -> float:
    """The accuracy that clearly beats chance `c = 1 / classes`: `c + (1 - c) / 9`, 0.2 for ten."""
    chance = 1 / classes
    return chance + (1 - chance) / 9


def final_steps(steps: int) -> int:
    """How many steps at the end of a run count for its verdict."""
    return min(steps, max(FEWEST_FINAL_STEPS, round(FINAL_SHARE * steps)))


def blown_up_at(losses: Sequence[float], classes: int) -> int | None:
    """The first step, from zero, whose loss is not finite or above the limit; None if none is."""
    first = losses[0] if len(losses) else 0.0
    limit = blow_up_limit(first if math.isfinite(first) else 0.0, classes)
    for step, loss in enumerate(losses):
        if not loss <= limit:  # true for NaN as well
            return step
    return None


def classify(
    losses: Sequence[float], accuracies: Sequence[float], classes: int
) -> tuple[Verdict, int | None]:
    """The verdict on a run, and the step at which it blew up.

    Args:
        losses: training loss of each step, up to the end or to the blow-up.
        accuracies: training accuracy of each step's batch.
        classes: how many classes the data have.
    """
    step = blown_up_at(losses, classes)
    if step is not None:
        return Verdict.BLEW_UP, step
    last = accuracies[-final_steps(len(accuracies)) :]
    beats_chance = sum(last) / len(last) > trained_above(classes)
    return (Verdict.TRAINED if beats_chance else Verdict.UNTRAINED), None
