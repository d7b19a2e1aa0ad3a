"""Ba, Kiros & Hinton 2016, Figure 6: a small network on digits, batches of four."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from benchmarks.tuned import TunedExperiment
from keras_norms.lab.claim import Claim
from keras_norms.lab.found import Group
from keras_norms.lab.inequality import all_of
from keras_norms.lab.options import RATE, option
from keras_norms.lab.quantity import Quantity
from keras_norms.lab.training import Run

LN, BN, NONE = "LN", "BN", "none"


@dataclass(frozen=True, kw_only=True)
class SmallBatch(TunedExperiment):
    """Ba, Kiros & Hinton 2016, Figure 6: a small network on digits, batches of four.

    Paper      "Layer Normalization", arXiv 1607.06450: two hidden layers of 1,000 units on MNIST.
               With batches of four the training loss of layer normalization falls below that of the
               network without, which is below batch normalization's, whose test error also
               fluctuates.
    Claims     Averaged over training, the training loss with LN is below both others; over the
               second half of training the standard deviation of BN's test accuracy is more than
               twice LN's; BN loses to none (with batches of four it is the worst).
    Ours       Digits of 8x8 pixels, two hidden layers of 200 units, Adam, 20 epochs of batches of
               four, an evaluation an epoch. Rates chosen for each arm on a held-out part of the
               training set, by seeds of their own.
    Cost       63 runs, 2 CPU minutes.
    Command    python -m benchmarks run ba2016.small_batch --out results
    """

    rates: tuple[float, ...] = option((3e-4, 1e-3, 3e-3, 1e-2), "tried for each arm", **RATE)
    model: str = option("mlp:depth=2,width=200", "model")
    batch: int = option(4, "examples a step", least=1)
    examples: int = option(1400, "images of an epoch, by which steps are counted", least=1)
    points: int = option(20, "epochs, with an evaluation after each", least=2)
    arms: ClassVar = {LN: "layer", BN: "batch", NONE: "none"}

    def run(self, arm: str, rate: float) -> Run:
        epoch = max(1, self.examples // self.batch)
        return Run(model=self.model, normalizer=self.arms[arm], learning_rate=rate,
                   optimizer="adam", batch=self.batch, steps=self.points * epoch,
                   evaluate_every=epoch)  # fmt: skip

    def claims(self, found):
        loss = {arm: mean_loss(found[arm]) for arm in self.arms}
        spread = {arm: fluctuation(found[arm]) for arm in self.arms}
        target = {"target": "ba16-mnist"}
        yield Claim("With batches of four LN trains to lower losses than BN and than none.",
                    all_of(loss[LN] < loss[NONE], loss[LN] < loss[BN]), paper="lowest",
                    **target)  # fmt: skip
        yield Claim("BN's test accuracy fluctuates more than twice as much as LN's.",
                    spread[BN] > 2 * spread[LN], paper="more", **target)  # fmt: skip
        yield Claim("BN trains to the highest losses.", loss[BN] > loss[NONE], paper="highest",
                    **target)  # fmt: skip


def mean_loss(group: Group) -> Quantity:
    """Of all training steps; infinite for a run that blew up."""

    def mean(outcome) -> float:
        return float("inf") if outcome.verdict.blown else float(np.mean(outcome.losses))

    return group.quantity(mean, "mean training loss")


def fluctuation(group: Group) -> Quantity:
    """Standard deviation of the test accuracy over the second half of the evaluations."""

    def deviation(outcome) -> float:
        accuracies = outcome.curve["test_accuracy"]
        return float(np.std(accuracies[len(accuracies) // 2 :]))

    return group.quantity(deviation, "standard deviation of the test accuracy")
