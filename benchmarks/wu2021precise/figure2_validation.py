"""Wu & Johnson 2021, Figure 2: validation while training, with precise statistics and without."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keras_norms.lab.claim import Claim
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.options import RATE, option
from keras_norms.lab.quantity import Quantity
from keras_norms.lab.report.figures import Figure, drawing
from keras_norms.lab.training import Run

PROBE = "@benchmarks.wu2021precise.validation.accuracies"
MOVING, PRECISE = "moving", "precise"
LOOKS = {MOVING: ("moving averages", "#0072b2", "-"), PRECISE: ("precise", "#d55e00", "--")}
HIGH, LOW = "high rate", "low rate"


@dataclass(frozen=True, kw_only=True)
class Validation(Experiment):
    """Wu & Johnson 2021, Figure 2: validation while training, with precise statistics and without.

    Paper      "Rethinking 'Batch' in BatchNorm", arXiv 2105.07576, Section 3: while the learning
               rate is high, validation with moving averages is unstable and worse; with precise
               statistics it is smooth. At the end of training, at a low rate, they are equal.
    Claims     At a high rate the standard deviation of the accuracy over the evaluations is lower
               with precise statistics, and their mean accuracy over the first half is not lower; at
               a low rate the accuracies at the end are within half a point of each other.
    Ours       Digits of 8x8 pixels, six dense layers of 64 units, batches of 32, momentum 0.99,
               two fixed rates. Evaluated with both statistics at the same moments of the same
               runs, precise ones being the means over all batches of the training set. The
               deviation is that of the second half of the evaluations.
    Cost       12 runs, 1 CPU minute, most of them for the statistics.
    Command    python -m benchmarks run wu2021precise.validation --out results
    """

    seeds: int = option(6, "paired seeds, fixed before the first run", least=1, most=10_000)
    model: str = option("mlp:depth=6,width=64", "model")
    batch: int = option(32, "examples a step", least=2)
    high: float = option(1.0, "learning rate", **RATE)
    low: float = option(0.03, "learning rate", **RATE)
    steps: int = option(800, "of each run", least=1)
    points: int = option(16, "evaluations at the high rate", least=4)

    def plan(self):
        yield {HIGH: self.paired(self.run(self.high, self.points)),
               LOW: self.paired(self.run(self.low, 4))}  # fmt: skip

    def run(self, rate: float, points: int) -> Run:
        return Run(model=self.model, normalizer="batch", learning_rate=rate, batch=self.batch,
                   steps=self.steps, evaluate_every=max(1, self.steps // points),
                   probes=(self.probe,))  # fmt: skip

    @property
    def probe(self) -> str:
        return f"{PROBE}:batch={self.batch}"

    def both(self, group, measure, formula: str, part: slice) -> dict[str, Quantity]:
        """By kind of statistics a number of the accuracies at some of the evaluations."""

        def of(kind: str) -> Quantity:
            return group.probed(self.probe).quantity(
                lambda rows: measure([row[kind] for row in rows][part]), f"{formula}, {kind}"
            )

        return {kind: of(kind) for kind in LOOKS}

    def claims(self, found):
        half, target = self.points // 2, {"target": "precise21-var"}
        late, early, last = slice(half, None), slice(half), slice(-1, None)
        spread = self.both(found[HIGH], np.std, "standard deviation of the accuracy", late)
        mean = self.both(found[HIGH], np.mean, "mean accuracy", early)
        end = self.both(found[LOW], np.mean, "final accuracy", last)
        yield Claim("At a high rate validation varies less with precise statistics.",
                    spread[PRECISE] < spread[MOVING], paper="smoother", **target)  # fmt: skip
        yield Claim("In the first half it is not worse with them.", mean[PRECISE] >= mean[MOVING],
                    paper="better", **target)  # fmt: skip
        yield Claim("At a low rate both are equal at the end.",
                    abs(end[PRECISE] - end[MOVING]) < 0.005, paper="equal", **target)  # fmt: skip

    def figures(self, found):
        figure = Figure(self.name(), found.folder, "Test accuracy of the same runs with moving "
                        "averages and with precise statistics, a line a seed.")  # fmt: skip
        with drawing(figure, width=9.5, height=4.2, columns=2) as axes:
            for axis, name in zip(axes, (HIGH, LOW), strict=True):
                for k, rows in enumerate(found[name].probed(self.probe)):
                    for kind, (words, shade, line) in LOOKS.items():
                        axis.plot([row["step"] for row in rows], [row[kind] for row in rows], line,
                                  color=shade, lw=1.1, label="" if k else words)  # fmt: skip
                axis.set(title=name, xlabel="step")
            axes[0].set_ylabel("test accuracy")
            axes[1].legend(loc="lower right")
        yield figure
