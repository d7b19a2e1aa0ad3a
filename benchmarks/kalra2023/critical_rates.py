"""Kalra & Barkeshli 2023: critical learning rates in units of one over the first sharpness."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.kalra2023.axis import first_divergence, first_rise
from keras_norms.lab.claim import Claim
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.inequality import all_of
from keras_norms.lab.job import Computation
from keras_norms.lab.options import option
from keras_norms.lab.quantity import Quantity
from keras_norms.lab.report.claims import interval_text
from keras_norms.lab.report.figures import Figure, drawing
from keras_norms.lab.report.tables import Table

WIDE, DEEP, NORMALIZED = "1 x 256", "8 x 32", "8 x 32, BN"
NETWORKS = {WIDE: (1, 256, False), DEEP: (8, 32, False), NORMALIZED: (8, 32, True)}
UNITS = [2 ** (k / 6) for k in range(25)]  # 1 to 16


@dataclass(frozen=True, kw_only=True)
class CriticalRates(Experiment):
    """Kalra & Barkeshli 2023: critical learning rates in units of one over the first sharpness.

    Paper      "Phase diagram of early training dynamics in deep neural networks: effect of the
               learning rate, depth, and width", arXiv 2302.12250: in units rate = c / lambda_0 the
               loss first rises (catapult) at a c of about 2 in shallow and wide networks, which
               diverge at about 4; both are larger in deep and narrow ones, where a phase opens in
               which the sharpness falls early.
    Claims     One layer of 256 units: c_loss in [2, 2.6], c_max in [3.5, 4.6], the sharpness at
               c = 1 within 5 % of lambda_0. Eight of 32: both larger, the sharpness lower by more
               than 5 %. With BN no value of c up to 16 lets the loss pass its first value (ours).
    Ours       tanh, kernels alone learn, 200 digits in one batch, half the squared error, float64,
               15 steps; c from 1 to 16 by sixths of an octave.
    Cost       27 networks, a minute of CPU time.
    Command    python -m benchmarks run kalra2023.critical_rates --out results
    """

    examples: int = option(200, "images of the batch", least=2, most=1400)
    steps: int = option(15, "of each descent", least=2)

    def plan(self):
        about = {"examples": self.examples, "units": UNITS, "steps": self.steps}
        yield {name: self.paired(Computation("benchmarks.kalra2023.axis.scan",
                                             {**about, "depth": d, "width": w, "batch": batch}))
               for name, (d, w, batch) in NETWORKS.items()}  # fmt: skip

    def of(self, found, name: str) -> dict[str, Quantity]:
        group = found[name]
        return {"c_loss": group.quantity(lambda o: first_rise(o, UNITS), "c_loss"),
                "c_max": group.quantity(lambda o: first_divergence(o, UNITS), "c_max"),
                "reduced": group.quantity(lambda o: o["reduced"], "sharpness / λ₀")}  # fmt: skip

    def claims(self, found):
        wide, deep, normalized = (self.of(found, name) for name in NETWORKS)
        target = {"target": "kalra23-axis"}
        yield Claim("In a wide shallow network the loss rises from c = 2 on.",
                    all_of(wide["c_loss"] >= 2, wide["c_loss"] < 2.6), paper="2",
                    **target)  # fmt: skip
        yield Claim("It diverges at about 4.", all_of(wide["c_max"] > 3.5, wide["c_max"] < 4.6),
                    paper="4", **target)  # fmt: skip
        yield Claim("In a deep narrow one both are larger.",
                    all_of(deep["c_loss"] > wide["c_loss"], deep["c_max"] > wide["c_max"]),
                    paper="larger", **target)  # fmt: skip
        yield Claim("There the sharpness falls early, in the wide one it does not.",
                    all_of(deep["reduced"] < 0.95, abs(wide["reduced"] - 1) < 0.05),
                    paper="falls", **target)  # fmt: skip
        yield Claim("With BN the loss never passes its first value (ours).",
                    normalized["c_loss"].map(lambda c: float(math.isinf(c)), "{} above 16") >= 1,
                    **target)  # fmt: skip

    def tables(self, found):
        words = {"c_loss": "c_loss", "c_max": "c_max", "reduced": "sharpness / λ₀ at c = 1"}
        rows = [{"network": name, **{said: interval_text([*self.of(found, name)[key]
                                                          .values.values()])
                                     for key, said in words.items()},
                 "λ₀": interval_text([o["sharpness"] for o in found[name]])}
                for name in NETWORKS]  # fmt: skip
        yield Table(f"{self.name()}-rates", pd.DataFrame(rows), "Medians over seeds.")

    def figures(self, found):
        figure = Figure(self.name(), found.folder, "Largest loss of 15 steps over the first, by "
                        "the rate times the first sharpness: a line a seed.")  # fmt: skip
        with drawing(figure, columns=3, width=11, height=4) as axes:
            for axis, name in zip(axes, NETWORKS, strict=True):
                for o in found[name]:
                    axis.plot(UNITS, np.maximum(o["highest"], 1), color="C0", lw=1)
                axis.set(title=name, xscale="log", yscale="log", xlabel="c = rate · λ₀")
                axis.set_xticks([1, 2, 4, 8, 16], ["1", "2", "4", "8", "16"])
                axis.minorticks_off()
            axes[0].set(ylabel="largest loss / first loss")
        yield figure
