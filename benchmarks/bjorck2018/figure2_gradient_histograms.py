"""Bjorck et al. 2018, Figure 2: gradients of a layer in the middle, at initialization."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.bjorck2018.networks import ARMS, WITH, WITHOUT, InitializationExperiment
from benchmarks.bjorck2018.reading import seen, shown, starts
from keras_norms.lab.claim import Claim
from keras_norms.lab.options import option
from keras_norms.lab.report.figures import Figure, colour, drawing
from keras_norms.lab.report.tables import Table, number


@dataclass(frozen=True, kw_only=True)
class GradientHistograms(InitializationExperiment):
    """Bjorck et al. 2018, Figure 2: gradients of a layer in the middle, at initialization.

    Paper      arXiv 1806.02375, Figure 2: with BN the gradients in the kernel of layer 55 are
               bell-shaped within 0.04; without it most are nearly zero, and the tails reach 4.
    Claims     Their standard deviation without BN is more than ten times that with it; their
               kurtosis is larger.
    Ours       The paper's network and batch, as in bjorck2018.moments_by_depth.
    Cost       20 networks, 2 CPU minutes with the compilation, which the other figures share.
    Command    python -m benchmarks run bjorck2018.gradient_histograms --out results
    """

    layer: int = option(55, "layer of the network", least=1)
    bins: int = option(61, "of the histogram", least=2)

    def plan(self):
        yield self.initial(f"gradients:layers={self.place(self.layer)},bins={self.bins},")

    def of(self, found, arm: str, what: str):
        words = {"std": "standard deviation", "kurtosis": "kurtosis"}[what]
        return seen(found[arm], "gradients", lambda row: row[what][0], words)

    def claims(self, found):
        target = {"target": "bjorck18-fig2"}
        spread = {arm: self.of(found, arm, "std") for arm in ARMS}
        yield Claim("Without BN gradients are more than ten times as large.",
                    spread[WITHOUT] / spread[WITH] > 10, paper="about 100", **target)  # fmt: skip
        tails = {arm: self.of(found, arm, "kurtosis") for arm in ARMS}
        yield Claim("Without BN their tails are heavier.", tails[WITHOUT] > tails[WITH],
                    paper="a sharp peak with heavy tails | a bell", **target)  # fmt: skip

    def tables(self, found):
        rows = [
            {
                "network": arm,
                "standard deviation": shown(self.of(found, arm, "std")),
                "kurtosis": shown(self.of(found, arm, "kurtosis")),
                "before the first step": starts(found[arm]),
            }
            for arm in ARMS
        ]
        caption = f"Gradients in the kernel of layer {self.layer}: median over seeds, interval."
        yield Table(f"{self.name()}-spread", pd.DataFrame(rows), caption)

    def figures(self, found):
        figure = Figure(self.name(), found.folder, f"Gradients in the kernel of layer {self.layer} "
                        "at initialization, first seed; the scales differ.")  # fmt: skip
        with drawing(figure, width=9, height=3.8, columns=2, shared=False) as axes:
            for axis, (arm, normalizer) in zip(axes, ARMS.items(), strict=True):
                row = found[arm].probed("gradients")[0][0]
                counts, edges = np.array(row["counts"][0]), np.array(row["edges"][0])
                axis.bar(edges[:-1], counts, np.diff(edges), align="edge", color=colour(normalizer))
                axis.set(title=f"{arm}, standard deviation {number(row['std'][0])}",
                         xlabel="gradient", ylabel="weights")  # fmt: skip
        yield figure
