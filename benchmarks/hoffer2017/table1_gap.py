"""Hoffer, Hubara & Soudry 2017, Table 1: what large batches lose, and how to have it back."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from keras_norms.lab.claim import Claim
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.options import RATE, option
from keras_norms.lab.report.claims import interval_text
from keras_norms.lab.report.figures import Figure, drawing
from keras_norms.lab.report.tables import Table, percent
from keras_norms.lab.training import Run
from keras_norms.lab.tuning import best_rate, on_validation, swept

SMALL, LARGE, FASTER = "small batch", "large batch", "with a larger rate"
GHOST, LONGER = "and ghost batches", "and as many steps"
ARMS = (SMALL, LARGE, FASTER, GHOST, LONGER)  # each has what those before it have


@dataclass(frozen=True, kw_only=True)
class GeneralizationGap(Experiment):
    """Hoffer, Hubara & Soudry 2017, Table 1: what large batches lose, and how to have it back.

    Paper      "Train longer, generalize better", arXiv 1705.08741: at equal epochs a ResNet-44 with
               BN loses accuracy on CIFAR-10 from batches of 128 to 4,096. A rate larger by the root
               of the ratio of batch sizes brings back part, ghost batches more, and as many steps
               as with small batches all of it.
    Claims     With the larger rate and ghost batches the test accuracy is above that of the large
               batch, and above that of the larger rate alone; with as many steps it is no more than
               half a point below that of the small batch.
    Control    The large batch loses a point or more: else "no power here".
    Ours       Digits of 8x8 pixels, six dense layers, batches of 32 and of 512 in ghost batches of
               32, SGD. The rate is the small batch's best, chosen on a held-out part of the
               training set by seeds of its own.
    Cost       57 runs on JAX, a CPU minute, most of it compilation.
    Command    KERAS_BACKEND=jax python -m benchmarks run hoffer2017.gap --out results
    """

    model: str = option("mlp:depth=6,width=64", "model")
    examples: int = option(1400, "images of an epoch, by which steps are counted", least=1)
    epochs: int = option(30, "of every run but the longest", least=1)
    small: int = option(32, "examples a step, and a ghost batch", least=2)
    large: int = option(512, "examples a step; a multiple of the small batch", least=2)
    rates: tuple[float, ...] = option((0.03, 0.1, 0.3, 1.0), "tried in small batches", **RATE)

    def run(self, arm: str, rate: float) -> Run:
        batch = self.small if arm == SMALL else self.large
        counted = self.small if arm in (SMALL, LONGER) else self.large
        steps = max(1, self.epochs * self.examples // counted)
        ghosts = f"ghost:momentum=0.9,virtual_batch_size={self.small}"
        larger = (self.large / self.small) ** 0.5 if arm in ARMS[2:] else 1.0
        return Run(model=self.model, normalizer=ghosts if arm in ARMS[3:] else "batch:momentum=0.9",
                   learning_rate=rate * larger, batch=batch, steps=steps,
                   evaluate_every=max(1, steps // 20), keep_predictions=True)  # fmt: skip

    def plan(self):
        if self.large <= self.small or self.large % self.small:
            raise self.invalid("large", f"write a multiple of small={self.small}, above it")
        tried = yield {swept(SMALL, rate): self.tuning(on_validation(self.run(SMALL, rate)))
                       for rate in self.rates}  # fmt: skip
        rate = best_rate({rate: tried[swept(SMALL, rate)] for rate in self.rates})
        yield {arm: self.paired(self.run(arm, rate)) for arm in ARMS}

    def claims(self, found):
        test = {arm: found[arm].final() for arm in ARMS}
        told = {"target": "gbn17-gap", "control": test[SMALL] - test[LARGE] >= 0.01}
        yield Claim("A larger rate and ghost batches narrow the gap.", test[GHOST] > test[LARGE],
                    paper="90.5 | 86.1 %", **told)  # fmt: skip
        yield Claim("Ghost batches do so beyond the rate.", test[GHOST] > test[FASTER],
                    paper="90.5 | 89.3 %", **told)  # fmt: skip
        yield Claim("With as many steps there is no gap.", test[LONGER] - test[SMALL] > -0.005,
                    paper="93.1 | 92.8 %", **told)  # fmt: skip

    def tables(self, found):
        rows = [{"arm": arm, "batch": found[arm][0].run.batch, "steps": found[arm][0].run.steps,
                 "learning rate": f"{found[arm][0].run.learning_rate:g}",
                 "training accuracy": self.interval(found[arm], "train_accuracy"),
                 "test accuracy": self.interval(found[arm], "test_accuracy")}
                for arm in ARMS]  # fmt: skip
        yield Table(f"{self.name()}-ends", pd.DataFrame(rows),
                    "At the end of training: median over seeds with its interval.")  # fmt: skip

    def interval(self, group, column: str) -> str:
        return interval_text([one.final(column) for one in group], percent)

    def figures(self, found):
        figure = Figure(self.name(), found.folder, "Final test accuracy; a point a seed.")
        with drawing(figure, height=3.4) as axis:
            for place, arm in enumerate(ARMS):
                every = [100 * one.final("test_accuracy") for one in found[arm]]
                axis.plot(every, [place] * len(every), "o", color="#0072b2", alpha=0.5)
            axis.set_yticks(range(len(ARMS)), ARMS)
            axis.invert_yaxis()
            axis.set(xlabel="test accuracy [%]")
        yield figure
