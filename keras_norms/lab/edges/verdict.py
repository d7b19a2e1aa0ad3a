"""The verdict on a run: blew up, dead at start, untrained, alive or useful."""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import StrEnum

# Losses that peaked between 2 and 10 times their start often recover; above 10 times none did.
BLOW_UP_FACTOR = 10.0
USEFUL_SHARE = 0.5  # of ln classes, the cross-entropy at chance
# The last tenth of the steps, and at least this many, give the final loss and accuracy.
FINAL_SHARE, FEWEST_FINAL_STEPS = 0.1, 10


class Verdict(StrEnum):
    """The end of a run. Divergence is a verdict, never an exception.

    DEAD     the first loss, before any step, is not finite or above 10 ln classes
    BLEW_UP  a later loss is not finite or above 10 max(first loss, ln classes)
    ALIVE    the final training accuracy beats chance c by (1 - c) / 9
    USEFUL   alive, and the final training loss is below half of ln classes
    """

    BLEW_UP = "blew up"
    DEAD = "dead at start"
    UNTRAINED = "untrained"
    ALIVE = "alive"
    USEFUL = "useful"

    @property
    def blown(self) -> bool:
        """Blew up, or was dead at the start: the two are ordered alike."""
        return self in BLOWN

    @property
    def trained(self) -> bool:
        """Alive or useful."""
        return self in TRAINED


BLOWN = (Verdict.BLEW_UP, Verdict.DEAD)
TRAINED = (Verdict.ALIVE, Verdict.USEFUL)


def blow_up_limit(first_loss: float, classes: int) -> float:
    """The loss above which a run has blown up: `10 max(first loss, ln classes)`."""
    return BLOW_UP_FACTOR * max(first_loss, math.log(classes))


def dead_limit(classes: int) -> float:
    """The first loss above which a run is dead at the start: `10 ln classes`."""
    return BLOW_UP_FACTOR * math.log(classes)


def useful_below(classes: int) -> float:
    """The final training loss below which a run is useful: `ln(classes) / 2`."""
    return USEFUL_SHARE * math.log(classes)


def trained_above(classes: int) -> float:
    """The accuracy that clearly beats chance `c = 1 / classes`: `c + (1 - c) / 9`, 0.2 for ten."""
    chance = 1 / classes
    return chance + (1 - chance) / 9


def final_steps(steps: int) -> int:
    """How many steps at the end of a run count for its verdict."""
    return min(steps, max(FEWEST_FINAL_STEPS, round(FINAL_SHARE * steps)))


def blown_up_at(losses: Sequence[float], classes: int) -> int | None:
    """The first step, from zero, whose loss is not finite or above its limit; None if none is.

    The first loss is measured by `dead_limit`, the others by `blow_up_limit`.
    """
    limit = dead_limit(classes)
    for step, loss in enumerate(losses):
        if not loss <= limit:  # true for NaN as well
            return step
        if not step:
            limit = blow_up_limit(loss, classes)
    return None


def classify(
    losses: Sequence[float], accuracies: Sequence[float], classes: int
) -> tuple[Verdict, int | None]:
    """The verdict on a run, and the step at which it blew up; 0 where it was dead at the start.

    Args:
        losses: training loss of each step, before its update, up to the end or to the blow-up.
        accuracies: training accuracy of each step's batch.
        classes: how many classes the data have.
    """
    step = blown_up_at(losses, classes)
    if step is not None:
        return (Verdict.BLEW_UP if step else Verdict.DEAD), step
    last = slice(-final_steps(len(accuracies)), None)
    if not _mean(accuracies[last]) > trained_above(classes):
        return Verdict.UNTRAINED, None
    useful = _mean(losses[last]) < useful_below(classes)
    return (Verdict.USEFUL if useful else Verdict.ALIVE), None


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
