"""Cohen et al. 2024: descent at the edge of stability, with batch normalization and without."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.bjorck2018.reading import shown
from benchmarks.sharpness import late
from keras_norms.lab.claim import Claim
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.inequality import all_of
from keras_norms.lab.job import Computation
from keras_norms.lab.options import RATE, option
from keras_norms.lab.quantity import Quantity
from keras_norms.lab.report.figures import Figure, colour, drawing
from keras_norms.lab.report.tables import Table

WITH, WITHOUT = "BN", "none"
ARMS = {WITH: "batch", WITHOUT: "none"}
SLOWER = 4  # times, of the descent beside it


@dataclass(frozen=True, kw_only=True)
class EdgeOfStability(Experiment):
    """Cohen et al. 2024: descent at the edge of stability, with batch normalization and without.

    Paper      "Understanding Optimization in Deep Learning with Central Flows", arXiv 2410.24206:
               at the edge of stability full-batch descent keeps the sharpness, the largest
               eigenvalue of the Hessian, at 2 / rate on average over time, and makes progress
               though the loss often rises.
    Claims     From a third of training on the median sharpness is within 10 % of 2 / rate, while at
               a quarter of the rate, for as long, it ends more than 10 % above that 2 / rate
               (control). More than one step in twenty raises the loss, which falls nevertheless.
    Ours       MLP of two layers of 32 tanh units, kernels alone learn, 200 digits, half the squared
               error, float64; rate 0.18, 1,200 steps.
    Cost       36 descents, a minute of CPU time.
    Command    python -m benchmarks run cohen2024.edge_of_stability --out results
    """

    rate: float = option(0.18, "learning rate", **RATE)
    steps: int = option(1200, "of descent", least=30)

    def plan(self):
        yield {f"{arm}{words}": self.paired(self.one(arm, slower)) for arm in ARMS
               for words, slower in (("", 1), (", slower", SLOWER))}  # fmt: skip

    def one(self, arm: str, slower: int) -> Computation:
        steps, looks = self.steps * slower, 30 if slower == 1 else 10
        about = {"depth": 2, "width": 32, "examples": 200, "batch": arm == WITH, "head": True}
        about |= {"rate": self.rate / slower, "decay": 0.0, "steps": steps}
        return Computation("benchmarks.sharpness.descend",
                           {**about, "every": steps // looks}, effort=slower)  # fmt: skip

    def measured(self, found, arm: str) -> dict[str, Quantity]:
        def rises(one) -> float:
            third = len(one["rises"]) // 3
            return sum(one["rises"][third + 1 :]) / max(1, one["step"][-1] - one["step"][third])

        measures = {
            "median sharpness · rate / 2": lambda one: late(one, self.rate),
            "share of rising steps": rises,
            "last / earlier loss": lambda one: one["loss"][-1] / one["loss"][len(one["loss"]) // 3],
        }
        return {said: found[arm].quantity(of, said) for said, of in measures.items()}

    def claims(self, found):
        for arm in ARMS:
            kept, rising, falling = self.measured(found, arm).values()
            free = found[f"{arm}, slower"].quantity(
                lambda o: o["sharpness"][-1] * self.rate / 2,
                "last sharpness · rate / 2")  # fmt: skip
            about = {"control": free > 1.1, "target": "cohen24-edge"}
            yield Claim(f"{arm}: descent keeps the sharpness near 2 / rate.",
                        all_of(kept > 0.9, kept < 1.1), paper="1", **about)  # fmt: skip
            yield Claim(f"{arm}: the loss rises often and falls nevertheless.",
                        all_of(rising > 0.05, falling < 0.9), paper="yes", **about)  # fmt: skip

    def tables(self, found):
        rows = [{"network": arm, **{s: shown(q) for s, q in self.measured(found, arm).items()}}
                for arm in ARMS]  # fmt: skip
        yield Table(f"{self.name()}-ends", pd.DataFrame(rows), "Medians over seeds.")

    def figures(self, found):
        figure = Figure(self.name(), found.folder, "Sharpness over 2 / rate in training, a "
                        "line a seed; dotted at a quarter of the rate.")  # fmt: skip
        with drawing(figure, columns=2, width=9) as axes:
            for axis, arm in zip(axes, ARMS, strict=True):
                for name, line in ((f"{arm}, slower", ":"), (arm, "-")):
                    for o in found[name]:
                        x = np.linspace(0, 1, len(o["step"]))
                        edge = np.array(o["sharpness"]) * self.rate / 2
                        axis.plot(x, edge, line, color=colour(ARMS[arm]), lw=1)
                axis.axhline(1, color="black", lw=1)
                axis.set(title=arm, xlabel="share of training", ylim=(0, 2.5))
            axes[0].set(ylabel="sharpness · rate / 2")
        yield figure
