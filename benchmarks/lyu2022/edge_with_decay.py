"""Lyu, Li & Arora 2022: normalization and weight decay lead to the edge, and along it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.sharpness import late
from keras_norms.lab.claim import Claim
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.inequality import all_of
from keras_norms.lab.job import Computation
from keras_norms.lab.options import RATE, option
from keras_norms.lab.report.claims import interval_text
from keras_norms.lab.report.figures import Figure, drawing
from keras_norms.lab.report.tables import Table

WITH, WITHOUT = "decay", "no decay"
PANELS = {"sharpness · rate / 2": 1, "spherical sharpness": 2, "length of the weights": 3}


@dataclass(frozen=True, kw_only=True)
class EdgeWithDecay(Experiment):
    """Lyu, Li & Arora 2022: normalization and weight decay lead to the edge, and along it.

    Paper      "Understanding the Generalization Benefit of Normalization Layers: Sharpness
               Reduction", arXiv 2206.07085: where the loss is invariant to the scale of the
               weights, descent with weight decay enters the edge of stability, and there reduces
               the spherical sharpness, that at weights of length 1.
    Claims     Both start below the edge. With decay the median sharpness from a third of training
               on is above 0.95 times 2 / rate; at the end the spherical sharpness is less than
               0.7 times that at a third of training, and less than half of what it is without.
    Ours       MLP of two layers of 32 tanh units with BN, the head fixed, so that all that learns
               is scale-invariant; 200 digits, half the squared error, float64, rate 0.1, decay
               0.005, 4,000 steps. The sharpness is that of the loss without the decay's part.
    Cost       18 descents, a minute of CPU time.
    Command    python -m benchmarks run lyu2022.edge_with_decay --out results
    """

    rate: float = option(0.1, "learning rate", **RATE)
    decay: float = option(0.005, "weight decay", above=0, most=1)
    steps: int = option(4000, "of descent", least=40)

    def plan(self):
        about = {"depth": 2, "width": 32, "examples": 200, "batch": True, "head": False}
        about |= {"rate": self.rate, "steps": self.steps, "every": self.steps // 40}
        yield {name: self.paired(Computation("benchmarks.sharpness.descend",
                                             {**about, "decay": decay}))
               for name, decay in ((WITH, self.decay), (WITHOUT, 0.0))}  # fmt: skip

    def columns(self, one) -> np.ndarray:
        """Steps, sharpness in units of 2 / rate, spherical sharpness, length."""
        sharp, norm = np.array(one["sharpness"]), np.array(one["norm"])
        return np.stack([np.array(one["step"]), sharp * self.rate / 2, sharp * norm**2, norm])

    def fall(self, one) -> float:
        values = self.columns(one)[2]
        return float(values[-1] / values[len(values) // 3])

    def claims(self, found):
        target = {"target": "lyu22-edge"}
        below = [found[name].quantity(lambda o: o["sharpness"][0] * self.rate / 2,
                                      "first sharpness · rate / 2") < 0.95
                 for name in (WITH, WITHOUT)]  # fmt: skip
        yield Claim("With decay descent enters the edge of stability.",
                    found[WITH].quantity(lambda o: late(o, self.rate),
                                         "median sharpness · rate / 2") > 0.95,
                    paper="1", control=all_of(*below), **target)  # fmt: skip
        last = {name: found[name].quantity(lambda o: self.columns(o)[2][-1],
                                           "last spherical sharpness")
                for name in (WITH, WITHOUT)}  # fmt: skip
        yield Claim("There the spherical sharpness falls.",
                    all_of(found[WITH].quantity(self.fall, "last / earlier spherical sharpness")
                           < 0.7, last[WITH] / last[WITHOUT] < 0.5),
                    paper="falls", **target)  # fmt: skip

    def tables(self, found):
        rows = [{"descent": name, "median sharpness · rate / 2": interval_text(
            [late(o, self.rate) for o in found[name]]),
            "last / earlier spherical sharpness": interval_text([*map(self.fall, found[name])]),
            "last length of the weights": interval_text([o["norm"][-1] for o in found[name]]),
            "last loss": interval_text([o["loss"][-1] for o in found[name]])}
            for name in (WITH, WITHOUT)]  # fmt: skip
        yield Table(f"{self.name()}-ends", pd.DataFrame(rows), "Medians over seeds.")

    def figures(self, found):
        figure = Figure(self.name(), found.folder, "By step, a line a seed: solid with decay, "
                        "dotted without.")  # fmt: skip
        with drawing(figure, columns=3, width=11, height=3.8, shared=False) as axes:
            for axis, (title, row) in zip(axes, PANELS.items(), strict=True):
                for name, line, look in ((WITH, "-", "C0"), (WITHOUT, ":", "C3")):
                    for o in found[name]:
                        columns = self.columns(o)
                        axis.plot(columns[0], columns[row], line, color=look, lw=1)
                axis.set(title=title, xlabel="step", yscale="linear" if row == 1 else "log")
            axes[0].axhline(1, color="black", lw=1)
        yield figure
