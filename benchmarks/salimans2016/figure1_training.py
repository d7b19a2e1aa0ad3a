"""Salimans & Kingma 2016, Figure 1: how fast an all-convolutional network trains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from benchmarks.tuned import TunedExperiment
from keras_norms.lab.claim import Claim
from keras_norms.lab.found import Found, between
from keras_norms.lab.inequality import all_of
from keras_norms.lab.options import RATE, option
from keras_norms.lab.quantity import Quantity
from keras_norms.lab.training import Run

NONE, WN, BN, BOTH = "none", "WN", "BN", "WN + mean-only BN"
ALLOWED = 0.005  # of accuracy


@dataclass(frozen=True, kw_only=True)
class Training(TunedExperiment):
    """Salimans & Kingma 2016, Figure 1: how fast an all-convolutional network trains.

    Paper      "Weight Normalization", arXiv 1602.07868, CIFAR-10: weight normalization (WN) and BN
               train faster than none; test errors 8.43 % (none), 8.46 % (WN), 8.05 % (BN), 7.31 %
               (WN with mean-only BN).
    Claims     WN reaches a training accuracy of 90 % in fewer steps than none; with mean-only BN
               its test accuracy is no more than half a point below any other's.
    Control    BN reaches it in fewer steps than none: else "no power here" for the speed.
    Ours       All-CNN-C of width 8 on digits of 8x8 pixels (CIFAR-10's accuracies at this size
               differ more by seed than in the paper by arm); Adam, batches of 32. Rates chosen for
               each arm on a held-out part of the training set, by seeds of their own. No
               data-dependent start.
    Cost       60 runs, 4 CPU minutes.
    Command    python -m benchmarks run salimans2016.training --out results
    """

    seeds: int = option(6, "paired seeds, fixed before the first run", least=1, most=10_000)
    rates: tuple[float, ...] = option((1e-3, 3e-3, 1e-2), "tried for each arm", **RATE)
    model: str = option("all_convolutional:width=8", "model")
    batch: int = option(32, "examples a step", least=2)
    steps: int = option(300, "of each run", least=1)
    points: int = option(30, "evaluations of a run", least=1)
    level: float = option(0.9, "training accuracy to reach", least=0, most=1)
    arms: ClassVar = {
        NONE: "none", WN: "weight", BN: "batch:momentum=0.9",
        BOTH: "weight+mean_only:momentum=0.9",
    }  # fmt: skip

    def run(self, arm: str, rate: float) -> Run:
        return Run(model=self.model, normalizer=self.arms[arm], learning_rate=rate,
                   optimizer="adam", batch=self.batch, steps=self.steps,
                   evaluate_every=max(1, self.steps // self.points),
                   keep_predictions=True)  # fmt: skip

    def slower(self, found: Found, arm: str) -> Quantity:
        """Steps of none over the arm's to the training accuracy; 1 where neither gets there."""

        def ratio(a, b) -> float:
            steps, fewer = (one.steps_to("train_accuracy", self.level) for one in (a, b))
            return 1.0 if steps == fewer else steps / fewer

        said = f"steps to a training accuracy of {self.level:.0%}, {NONE} / {arm}"
        return between(found[NONE], found[arm], ratio, said)

    def claims(self, found):
        test = {arm: found[arm].final() for arm in self.arms}
        target = {"target": "wn16-cifar"}
        yield Claim("WN trains faster than none.", self.slower(found, WN) > 1, paper="faster",
                    control=self.slower(found, BN) > 1, **target)  # fmt: skip
        yield Claim("WN with mean-only BN is the most accurate.",
                    all_of(*(test[BOTH] - test[arm] > -ALLOWED for arm in (NONE, WN, BN))),
                    paper="7.31 | 8.43, 8.46, 8.05 % error", **target)  # fmt: skip
