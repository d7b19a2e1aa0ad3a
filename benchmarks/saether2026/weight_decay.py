"""Saether et al. 2026: weight decay and the sharpness, with batch normalization and without."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

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
from keras_norms.lab.report.figures import Figure, drawing
from keras_norms.lab.report.tables import Table

EDGE, BELOW, NORMALIZED = "none, at the edge", "none, at a quarter of the rate", "BN, at the edge"
RATES = {EDGE: 1.0, BELOW: 0.25, NORMALIZED: 1.0}  # times the rate
LOOKS = 20  # at the sharpness, after the first


@dataclass(frozen=True, kw_only=True)
class WeightDecay(Experiment):
    """Saether et al. 2026: weight decay and the sharpness, with batch normalization and without.

    Paper      "Does Weight Decay Enhance Training Stability?", arXiv 2605.16622: weight decay
               slows progressive sharpening; in MLPs more of it holds the sharpness well below
               2 / rate (in convolutional networks, not asked here, it damps oscillations).
    Claims     Below the edge the sharpness grows less from a fifth of training to the end the more
               decay, of 0, 0.001, 0.01 and 0.03 each; at the edge the largest brings it below 0.9
               times 2 / rate, where it is above 0.95 without (control). With BN too (ours).
    Ours       Network and loss of cohen2024; 1,200 steps at 0.18, 2,400 at a quarter.
    Rival      Behind BN decay only shortens kernels, which sharpens the loss (lyu2022).
    Cost       72 descents, a minute of CPU time.
    Command    python -m benchmarks run saether2026.weight_decay --out results
    """

    seeds: int = option(6, "paired seeds, fixed before the first run", least=1, most=10_000)
    rate: float = option(0.18, "learning rate", **RATE)
    decays: tuple[float, ...] = option((0.0, 1e-3, 1e-2, 3e-2), "weight decays", least=0, most=1)
    steps: int = option(1200, "of descent at the edge; twice as many below it", least=30)

    def plan(self):
        if len({*self.decays}) < 2 or min(self.decays):
            raise self.invalid("decays", "write 0 and one or more above it, to compare")
        yield {f"{kind}, decay {decay:g}": self.paired(self.one(kind, decay))
               for kind in RATES for decay in sorted(self.decays)}  # fmt: skip

    def one(self, kind: str, decay: float) -> Computation:
        steps = self.steps * (2 if kind == BELOW else 1)
        about = {"depth": 2, "width": 32, "examples": 200, "batch": kind == NORMALIZED}
        about |= {"head": True, "rate": RATES[kind] * self.rate, "decay": decay, "steps": steps}
        return Computation("benchmarks.sharpness.descend", {**about, "every": steps // LOOKS})

    def growth(self, found, decay: float) -> Quantity:
        return found[f"{BELOW}, decay {decay:g}"].quantity(
            lambda o: o["sharpness"][-1] / o["sharpness"][len(o["sharpness"]) // 5],
            "growth of the sharpness")  # fmt: skip

    def late(self, found, kind: str, decay: float) -> Quantity:
        return found[f"{kind}, decay {decay:g}"].quantity(
            lambda o: late(o, RATES[kind] * self.rate), "median sharpness · rate / 2")  # fmt: skip

    def claims(self, found):
        decays, target = sorted(self.decays), {"target": "saether26-decay"}
        grown = [self.growth(found, decay) for decay in decays]
        yield Claim("Weight decay slows progressive sharpening.",
                    all_of(*(more < less for less, more in pairwise(grown))), paper="slower",
                    control=grown[0] > 1.02, **target)  # fmt: skip
        for kind, words in ((EDGE, "In an MLP"), (NORMALIZED, "In an MLP with BN (ours)")):
            yield Claim(f"{words} much decay holds the sharpness well below 2 / rate.",
                        self.late(found, kind, decays[-1]) < 0.9, paper="well below",
                        control=self.late(found, kind, 0.0) > 0.95, **target)  # fmt: skip

    def tables(self, found):
        rows = [{"decay": f"{decay:g}", "growth below the edge": shown(self.growth(found, decay)),
                 **{f"sharpness · rate / 2, {kind}": shown(self.late(found, kind, decay))
                    for kind in (EDGE, NORMALIZED)}} for decay in sorted(self.decays)]  # fmt: skip
        yield Table(f"{self.name()}-sharpness", pd.DataFrame(rows), "Medians over seeds.")

    def figures(self, found):
        figure = Figure(self.name(), found.folder, "Sharpness · rate / 2: medians, and all seeds.")
        with drawing(figure, columns=3, width=11, height=4) as axes:
            for axis, kind in zip(axes, RATES, strict=True):
                for place, decay in enumerate(sorted(self.decays)):
                    whole = [o for o in found[f"{kind}, decay {decay:g}"] if not o["diverged"]]
                    values = np.array([o["sharpness"] for o in whole]) * RATES[kind]
                    x, values = np.linspace(0, 1, LOOKS + 1), values * self.rate / 2
                    axis.plot(x, np.median(values, 0), color=f"C{place}", label=f"decay {decay:g}")
                    axis.fill_between(x, values.min(0), values.max(0), fc=f"C{place}", alpha=0.15)
                axis.set(title=kind, xlabel="share of training", yscale="log")
                axis.axhline(1, color="black", lw=1)
            axes[0].set(ylabel="sharpness · rate / 2")
            axes[0].legend()
        yield figure
