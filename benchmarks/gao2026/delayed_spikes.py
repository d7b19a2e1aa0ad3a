"""Gao et al. 2026: batch normalization postpones the spike of a rate that is too large."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.gao2026.regression import ARMS
from keras_norms.lab.claim import Claim
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.inequality import all_of
from keras_norms.lab.job import Computation
from keras_norms.lab.options import RATE, option
from keras_norms.lab.report.claims import interval_text
from keras_norms.lab.report.figures import Figure, colour, drawing
from keras_norms.lab.report.tables import Table

WITH, WITHOUT = ARMS
ROUNDING = 1e-20  # losses below it rise and fall by rounding


@dataclass(frozen=True, kw_only=True)
class DelayedSpikes(Experiment):
    """Gao et al. 2026: batch normalization postpones the spike of a rate that is too large.

    Paper      "A Mechanism Study of Delayed Loss Spikes in Batch-Normalized Linear Models", arXiv
               2604.16809: in whitened linear regression BN raises the effective learning rate while
               the loss falls, so that a fixed rate becomes unstable late; the rise of the loss ends
               by itself within finitely many steps.
    Claims     Rates above 2, at which descent without BN rises in its first step and diverges, rise
               with BN after ten steps or more; after that the loss falls below a millionth.
    Ours       20 features, 64 examples whitened exactly, a target of length 1, float64, 400 steps;
               alpha starts at 0.1 and learns at a tenth, the kernel at 4, 8, 16 and 32, beside 1.
    Cost       90 descents, 10 CPU seconds.
    Command    python -m benchmarks run gao2026.delayed_spikes --out results
    """

    rates: tuple[float, ...] = option((1.0, 4.0, 8.0, 16.0, 32.0), "of the kernel", **RATE)
    alpha: float = option(0.1, "alpha at the start", above=0, most=1)
    steps: int = option(400, "of each descent", least=20)

    def plan(self):
        if not any(rate > 2 for rate in self.rates):
            raise self.invalid("rates", "write one above 2, where descent without BN diverges")
        about = {"scale": self.alpha, "features": 20, "examples": 64, "steps": self.steps}
        yield {self.cell(arm, rate): self.paired(Computation(
            "benchmarks.gao2026.regression.descent", {**about, "arm": arm, "rate": rate}))
               for arm in ARMS for rate in sorted(self.rates)}  # fmt: skip

    def cell(self, arm: str, rate: float) -> str:
        return f"{arm}, rate {rate:g}"

    def first_rise(self, one) -> float:
        """The first step that raises the loss; infinite where none does."""
        losses = np.array(one["losses"])
        up = np.flatnonzero((losses[1:] > losses[:-1]) & (losses[1:] > ROUNDING))
        return float(up[0] + 1) if len(up) else math.inf

    def risen(self, found, arm: str, rate: float):
        return found[self.cell(arm, rate)].quantity(self.first_rise, "first rise", "steps")

    def claims(self, found):
        large = [rate for rate in sorted(self.rates) if rate > 2]
        target = {"target": "gao26-delayed"}
        at_once = all_of(*(self.risen(found, WITHOUT, rate) <= 1 for rate in large))
        yield Claim("Without BN such rates raise the loss at once.", at_once, "at once", **target)
        yield Claim("With BN they raise it late.",
                    all_of(*(part for rate in large for one in [self.risen(found, WITH, rate)]
                             for part in (one >= 10, one < self.steps))),
                    paper="delayed", control=at_once, **target)  # fmt: skip
        ends = [found[self.cell(WITH, rate)].quantity(lambda o: o["losses"][-1], "last loss")
                for rate in large]  # fmt: skip
        yield Claim("With BN the rise ends by itself.", all_of(*(end < 1e-6 for end in ends)),
                    paper="within finitely many steps", control=at_once, **target)  # fmt: skip

    def tables(self, found):
        rows = [{"rate": f"{rate:g}", **{f"{words} ({arm})": interval_text(
            [measure(one) for one in found[self.cell(arm, rate)]])
            for arm in ARMS for words, measure in (
                ("first rise", self.first_rise), ("last loss", lambda one: one["losses"][-1]))}}
            for rate in sorted(self.rates)]  # fmt: skip
        yield Table(f"{self.name()}-rises", pd.DataFrame(rows), "Medians over seeds.")

    def figures(self, found):
        figure = Figure(self.name(), found.folder, "Loss over steps with BN, a line a rate, the "
                        "darker the larger, and without above 2 (dotted); one seed.")  # fmt: skip
        with drawing(figure) as axis:
            for place, rate in enumerate(sorted(self.rates)):
                for arm, line, name in ((WITH, "-", "batch"), (WITHOUT, ":", "none")):
                    if arm == WITH or rate > 2:
                        losses = np.array(found[self.cell(arm, rate)][0]["losses"])
                        axis.plot(losses, line, color=colour(name),
                                  alpha=(place + 1) / len(self.rates),
                                  label=self.cell(arm, rate))  # fmt: skip
            axis.set(yscale="log", ylim=(1e-12, 1e3), xlim=(0, 120), xlabel="step", ylabel="loss")
            axis.legend(loc="upper right")
        yield figure
