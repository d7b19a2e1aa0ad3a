"""What is measured on the arms: steps to the plain arm's best accuracy, and best accuracy."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from benchmarks.ioffe2015.arms import PLAIN, Arm
from keras_norms.lab.edges.verdict import Verdict
from keras_norms.lab.training import Outcome

CLOSE = 0.005  # of test accuracy: half a point


@dataclass(frozen=True)
class Measured:
    """One arm, by paired seed.

    Attributes:
        steps: to the best accuracy of the same seed's plain run; infinite where it is not reached.
        speedup: the plain run's steps over these; 0 where it is not reached.
    """

    best: tuple[float, ...]
    steps: tuple[float, ...]
    speedup: tuple[float, ...]
    verdicts: tuple[Verdict, ...]

    def share(self, *verdicts: Verdict) -> tuple[float, ...]:
        """1 for each seed with one of these verdicts, 0 for the others."""
        return tuple(float(found in verdicts) for found in self.verdicts)


@dataclass(frozen=True)
class Comparison:
    """The finished runs: the plain arm's sweep by learning rate, and each arm at its own.

    Attributes:
        rate: the plain arm's learning rate.
        arms: outcomes in the order of the seeds; an empty list where the arm is not finished.
    """

    name: str
    sweep: Mapping[float, Sequence[Outcome]]
    rate: float
    arms: Mapping[Arm, Sequence[Outcome]]

    @cached_property
    def measured(self) -> dict[Arm, Measured]:
        """The finished arms."""
        return {
            arm: measure(outcomes, self.arms[PLAIN])
            for arm, outcomes in self.arms.items()
            if outcomes
        }


def measure(outcomes: Sequence[Outcome], plain: Sequence[Outcome]) -> Measured:
    """Measures an arm against the plain runs of the same seeds, in the same order."""
    targets = [best_accuracy(outcome) for outcome in plain]
    steps = [steps_to(target, o) for o, target in zip(outcomes, targets, strict=True)]
    own = [steps_to(target, o) for o, target in zip(plain, targets, strict=True)]
    return Measured(
        best=tuple(map(best_accuracy, outcomes)),
        steps=tuple(steps),
        speedup=tuple(a / b for a, b in zip(own, steps, strict=True)),
        verdicts=tuple(outcome.verdict for outcome in outcomes),
    )


def best_accuracy(outcome: Outcome) -> float:
    """Highest test accuracy of the run."""
    return max(outcome.curve["test_accuracy"])


def steps_to(target: float, outcome: Outcome) -> float:
    """Steps until the test accuracy is first at `target`; infinite where it never is."""
    points = zip(outcome.curve["step"], outcome.curve["test_accuracy"], strict=True)
    return next((step for step, accuracy in points if accuracy >= target), math.inf)


def mean_accuracy(outcomes: Sequence[Outcome]) -> float:
    """Test accuracy averaged over a run's evaluations, median over runs; 0 for one that blew up."""
    means = [0.0 if o.verdict.blown else np.mean(o.curve["test_accuracy"]) for o in outcomes]
    return float(np.median(means))


def best_rate(sweep: Sequence[Outcome]) -> float:
    """The learning rate of the highest best accuracy (median over seeds).

    Rates within `CLOSE` of it are as good; of those the one with the highest `mean_accuracy`,
    which is the fastest.
    """
    by_rate: dict[float, list[Outcome]] = {}
    for outcome in sweep:
        by_rate.setdefault(outcome.run.learning_rate, []).append(outcome)
    best = {rate: float(np.median(list(map(best_accuracy, o)))) for rate, o in by_rate.items()}
    as_good = [rate for rate in best if best[rate] >= max(best.values()) - CLOSE]
    return max(as_good, key=lambda rate: mean_accuracy(by_rate[rate]))
