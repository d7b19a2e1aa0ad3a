"""Gilmer et al. 2021: warm-up beside normalizers, by the largest learning rate that trains."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.bjorck2018.reading import shown
from benchmarks.gilmer2021.rates import ARMS
from keras_norms.lab.claim import Claim
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.job import Computation
from keras_norms.lab.options import RATE, option
from keras_norms.lab.quantity import Quantity
from keras_norms.lab.report.figures import Figure, colour, drawing
from keras_norms.lab.report.tables import Table

NONE, WARM, BN, LN = ARMS
LOOKS = {NONE: ("none", "-"), WARM: ("none", "--"), BN: ("batch", "-"), LN: ("layer", "-")}
TRAINS = math.log(10) / 2  # half the loss of guessing among ten classes


@dataclass(frozen=True, kw_only=True)
class WarmUp(Experiment):
    """Gilmer et al. 2021: warm-up beside normalizers, by the largest learning rate that trains.

    Paper      "A Loss Curvature Perspective on Training Instability in Deep Learning", arXiv
               2110.04369: learning rate warm-up can improve the stability of training as much as
               BN, LN, MetaInit, GradInit and Fixup.
    Claims     The largest rate that trains (mean loss of the last 20 steps below half that of
               guessing) with warm-up is larger than without, and at least half that of BN, where
               that is four times that of none or more (control); so beside LN (two times).
    Ours       MLP of six layers of 32 ReLU units without skips, He weights, digits, batches of 64,
               SGD, 240 steps, the rate rising over the first third; rates by half octaves from
               2^-7 to 2^7, side by side from one start; kernels alone learn, float64.
    Rival      Residual networks and longer training, as in the paper.
    Cost       36 lines of 29 rates, a minute of CPU time.
    Command    python -m benchmarks run gilmer2021.warm_up --out results
    """

    depth: int = option(6, "hidden layers", least=1)
    width: int = option(32, "units of a layer", least=2)
    steps: int = option(240, "of each run", least=60)
    rates: tuple[float, ...] = option(
        tuple(2.0 ** (k / 2) for k in range(-14, 15)), "tried", **RATE
    )

    def plan(self):
        if len({*self.rates}) < 2:
            raise self.invalid("rates", "write two rates or more, to have a largest one")
        about = {"rates": sorted(self.rates), "depth": self.depth, "width": self.width}
        yield {arm: self.paired(Computation("benchmarks.gilmer2021.rates.last_losses",
                                            {**about, "arm": arm, "steps": self.steps}))
               for arm in ARMS}  # fmt: skip

    def largest(self, found, arm: str) -> Quantity:
        """0 where none trains."""

        def most(losses) -> float:
            pairs = zip(sorted(self.rates), losses, strict=True)
            return max((rate for rate, loss in pairs if loss < TRAINS), default=0.0)

        return found[arm].quantity(most, "largest rate")

    def claims(self, found):
        of = {arm: self.largest(found, arm) for arm in ARMS}
        target = {"target": "gilmer21-warmup"}
        yield Claim("Warm-up raises the largest rate that trains.", of[WARM] > of[NONE],
                    paper="raises", **target)  # fmt: skip
        for arm, power in ((BN, 4), (LN, 2)):
            yield Claim(f"It does as much as {arm}.", of[WARM] >= 0.5 * of[arm], paper="as much",
                        control=of[arm] >= power * of[NONE], **target)  # fmt: skip

    def tables(self, found):
        rows = [{"network": arm, "largest rate that trains": shown(self.largest(found, arm)),
                 "lowest loss": shown(found[arm].quantity(min, "lowest loss"))}
                for arm in ARMS]  # fmt: skip
        yield Table(f"{self.name()}-rates", pd.DataFrame(rows), "Medians over seeds.")

    def figures(self, found):
        figure = Figure(self.name(), found.folder, "Mean loss of the last 20 steps by learning "
                        "rate: median over seeds, band over all.")  # fmt: skip
        with drawing(figure) as axis:
            for arm, (name, line) in LOOKS.items():
                values = np.minimum(np.array(list(found[arm])), 10)
                rates, look = sorted(self.rates), colour(name)
                axis.plot(rates, np.median(values, 0), line, color=look, label=arm)
                axis.fill_between(rates, values.min(0), values.max(0), fc=look, alpha=0.15)
            axis.axhline(TRAINS, color="black", lw=0.8)
            axis.set(xscale="log", yscale="log", xlabel="learning rate", ylabel="loss, at most 10")
            axis.legend()
        yield figure
