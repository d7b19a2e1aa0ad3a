"""Wan et al. 2020: the equilibrium of weight decay and gradients behind normalization."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.bjorck2018.reading import shown
from benchmarks.wan2020.rotation import over_predicted
from keras_norms.lab.claim import Claim
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.inequality import all_of
from keras_norms.lab.job import Computation
from keras_norms.lab.options import option
from keras_norms.lab.quantity import Quantity
from keras_norms.lab.report.figures import Figure, drawing
from keras_norms.lab.report.tables import Table

# Arm -> batch normalization, rate, decay, momentum.
ARMS = {
    "0.05 · 0.04": (True, 0.05, 0.04, 0.0),
    "0.1 · 0.02": (True, 0.1, 0.02, 0.0),
    "0.2 · 0.01": (True, 0.2, 0.01, 0.0),
    "0.02 · 0.02, momentum": (True, 0.02, 0.02, 0.9),
    "0.1 · 0.02, no BN": (False, 0.1, 0.02, 0.0),
}
WITH = [name for name, arm in ARMS.items() if arm[0]]
PLAIN = next(name for name, arm in ARMS.items() if not arm[0])


@dataclass(frozen=True, kw_only=True)
class Equilibrium(Experiment):
    """Wan et al. 2020: the equilibrium of weight decay and gradients behind normalization.

    Paper      "Spherical Motion Dynamics: Learning Dynamics of Neural Network with Normalization,
               Weight Decay, and SGD", arXiv 2006.08419, and "Rotational Equilibrium" (Kosson et
               al. 2023, arXiv 2305.17212): the angle of a step becomes what rate and decay alone
               say, sqrt(2 rate decay) with SGD, sqrt(2 rate decay / (1 + momentum)) with momentum.
    Claims     In the second half of training the angle (root mean square, then median of windows)
               is within 10 % of that, where it is below half of it in the first tenth, and below
               half at the end without BN (controls). The length is within 10 % of
               (rate G^2 / (2 decay))^(1/4), G the gradient's length at length 1 (SGD).
    Ours       The second kernel of an MLP of two layers of 32 units with BN and ReLU, digits,
               batches of 64, 4,000 steps, float64; three pairs of rate and decay of one product.
    Cost       45 runs, a minute of CPU time.
    Command    python -m benchmarks run wan2020.equilibrium --out results
    """

    steps: int = option(4000, "of each run", least=100)

    def plan(self):
        names = ("batch", "rate", "decay", "momentum")
        yield {arm: self.paired(Computation("benchmarks.wan2020.rotation.rotation", {
            **dict(zip(names, told, strict=True)), "start": 1.0, "steps": self.steps,
            "every": self.steps // 10})) for arm, told in ARMS.items()}  # fmt: skip

    def windows(self, arm: str, one, of: str = "angle") -> np.ndarray:
        return over_predicted(one, *ARMS[arm][1:])[of]

    def ends(self, found, arm: str, of: str = "angle") -> Quantity:
        return found[arm].quantity(
            lambda o: float(np.median(self.windows(arm, o, of)[5:])),
            f"{of} / predicted")  # fmt: skip

    def claims(self, found):
        target = {"target": "wan20-equilibrium"}
        starts = [found[arm].quantity(lambda o, a=arm: self.windows(a, o)[0], "first") < 0.5
                  for arm in WITH]  # fmt: skip
        control = all_of(*starts, self.ends(found, PLAIN) < 0.5)
        for words, arms in (("SGD", WITH[:-1]), ("SGD with momentum", WITH[-1:])):
            every = [abs(self.ends(found, arm) - 1) < 0.1 for arm in arms]
            yield Claim(f"{words}: rate and decay alone say the angle of a step.", all_of(*every),
                        "√(2ηλ)", control=control, **target)  # fmt: skip
        yield Claim("The length is where the gradient and the decay balance.",
                    all_of(*(abs(self.ends(found, arm, "length") - 1) < 0.1 for arm in WITH[:-1])),
                    paper="(ηG²/2λ)^¼", control=control, **target)  # fmt: skip

    def tables(self, found):
        rows = [{"rate · decay": arm, "angle / predicted": shown(self.ends(found, arm)),
                 "length / predicted": shown(self.ends(found, arm, "length"))
                 if arm in WITH[:-1] else ""} for arm in ARMS]  # fmt: skip
        yield Table(f"{self.name()}-ends", pd.DataFrame(rows), "Medians over seeds.")

    def figures(self, found):
        figure = Figure(self.name(), found.folder, "Angle of a step over what rate and decay say, "
                        "in tenths of training: medians over seeds, bands over all.")  # fmt: skip
        with drawing(figure) as axis:
            for place, arm in enumerate(ARMS):
                values = np.array([self.windows(arm, o) for o in found[arm]])
                x = np.arange(1, values.shape[1] + 1) * self.steps / values.shape[1]
                look = "black" if arm == PLAIN else f"C{place}"
                axis.plot(x, np.median(values, 0), marker="oDs^v"[place], color=look, label=arm)
                axis.fill_between(x, values.min(0), values.max(0), fc=look, alpha=0.15)
            axis.axhline(1, color="black", lw=0.8)
            axis.set(xlabel="step", ylabel="angle / predicted angle", ylim=(0, None))
            axis.legend(title="rate · decay")
        yield figure
