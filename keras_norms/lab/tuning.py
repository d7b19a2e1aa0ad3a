"""Hyperparameters, chosen on a part of the training set that is held out, with seeds of their own.

    swept = yield {swept(arm, rate): self.tuning(on_validation(self.run(arm, rate))) ...}
    rate = best_rate({rate: swept[...] for rate in self.rates})

The test set is read once, by the seeds of the comparison (`Experiment.paired`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from keras_norms.lab.found import Group
from keras_norms.lab.quantity import Quantity
from keras_norms.lab.training.run import Run

HELD_OUT = "validation=0.2,evaluate_on=validation"
CLOSE = 0.005  # of accuracy: rates within half a point of the best are as good


def swept(arm: str, rate: float) -> str:
    """The name of the group that tries a rate."""
    return f"{arm}, {rate:g}, validation"


def with_data(run: Run, arguments: str) -> Run:
    """The run with more arguments of its data, as "reshuffle=false"."""
    return replace(run, data=f"{run.data}{',' if ':' in run.data else ':'}{arguments}")


def on_validation(run: Run) -> Run:
    """The same without a fifth of the training set, on which it is evaluated."""
    return replace(with_data(run, HELD_OUT), keep_predictions=False, probes=())


def best_rate(groups: Mapping[float, Group]) -> float:
    """The learning rate of the highest best accuracy (median over tuning seeds).

    Rates within `CLOSE` of it are as good; of those the one with the highest accuracy averaged
    over the run, which is the fastest.
    """
    best = {rate: group.best().estimate for rate, group in groups.items()}
    as_good = [rate for rate in best if best[rate] >= max(best.values()) - CLOSE]
    return max(as_good, key=lambda rate: mean_accuracy(groups[rate]).estimate)


def mean_accuracy(group: Group) -> Quantity:
    """Test accuracy averaged over a run's evaluations; 0 for a run that blew up."""

    def mean(outcome) -> float:
        column = outcome.curve["test_accuracy"]
        return 0.0 if outcome.verdict.blown else sum(column) / len(column)

    return group.quantity(mean, "mean test accuracy")


def peak_rate(rates: Sequence[float], accuracies: Sequence[float]) -> float:
    """Where a parabola through the best of one seed's rates and its neighbours is highest.

    Args:
        rates: ascending, at even distances in the logarithm.
        accuracies: of each.
    """
    best = int(np.argmax(accuracies))
    if best in (0, len(rates) - 1):
        return rates[best]
    x, y = np.log(rates[best - 1 : best + 2]), accuracies[best - 1 : best + 2]
    curve, slope, _ = np.polyfit(x - x[1], y, 2)
    return float(np.exp(x[1] - slope / (2 * curve))) if curve < 0 else rates[best]
