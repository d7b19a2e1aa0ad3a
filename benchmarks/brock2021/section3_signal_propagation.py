"""Brock, De & Smith 2021, Section 3: variances of normalizer-free blocks at initialization."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from keras_norms.lab.backend import backend
from keras_norms.lab.claim import Claim
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.inequality import all_of
from keras_norms.lab.job import Computation
from keras_norms.lab.options import option
from keras_norms.lab.report.claims import interval_text
from keras_norms.lab.report.figures import Figure, colour, drawing
from keras_norms.lab.report.tables import Table, number

WITH, WITHOUT = "scaled WS", "He"
ARMS = {WITH: "sws", WITHOUT: "none"}
PANELS = {"variance": "variance of channels", "squared_mean": "squared mean of channels",
          "branch": "variance of branches / α²"}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class SignalPropagation(Experiment):
    """Brock, De & Smith 2021, Section 3: variances of normalizer-free blocks at initialization.

    Paper      "Characterizing signal propagation to close the performance gap in unnormalized
               ResNets", arXiv 2101.08692: blocks x + alpha f(x / beta), alpha = 0.2, whose variance
               is 1 + alpha^2 behind a transition and grows by alpha^2 a block; with ReLU and He
               weights the means of channels grow instead, which scaled weight standardization
               prevents.
    Claims     With it the variance behind every block is within 20 % of the count, and the squared
               mean below 0.1; with He weights the squared mean grows, to more than five times that,
               and the variance of the last branches falls below 0.8.
    Ours       26 layers, widths 16, 32 and 64 (--scale gpu: 50 of 64), 16 normal images of 32x32,
               scaled so that the first convolution puts out variance 1; branches times 1 where
               training starts with 0.
    Cost       20 networks, 1 CPU minute.
    Command    python -m benchmarks run brock2021.signal_propagation --out results
    """

    seeds: int = option(10, "networks", least=1, most=10_000)
    depth: int = option(26, "layers, 6 n + 2", least=8, gpu=50)
    width: int = option(16, "channels of the first stage", least=1, gpu=64)
    images: int = option(16, "of a batch", least=1)

    def plan(self):
        about = {"depth": self.depth, "width": self.width, "images": self.images}
        yield {arm: self.paired(Computation(
            "benchmarks.brock2021.propagation.by_block", {**about, "spec": spec}, backend()))
               for arm, spec in ARMS.items()}  # fmt: skip

    def claims(self, found):
        target = {"target": "nf21-spp"}
        off = found[WITH].quantity(
            lambda o: np.abs(np.divide(o["variance"], o["predicted"]) - 1).max(),
            "largest |variance / count − 1|",
        )
        yield Claim("With scaled weight standardization the variance is as counted.", off < 0.2,
                    paper="equal", **target)  # fmt: skip
        last = {arm: found[arm].quantity(lambda o: o["squared_mean"][-1], "squared mean, last")
                for arm in ARMS}  # fmt: skip
        first = found[WITHOUT].quantity(lambda o: o["squared_mean"][0], "squared mean, first")
        yield Claim("With it channels have no mean.", last[WITH] < 0.1, paper="≈ 0", **target)
        yield Claim("With He weights their means grow.",
                    all_of(last[WITHOUT] > first, last[WITHOUT] > 5 * last[WITH]),
                    paper="grow", **target)  # fmt: skip
        branch = found[WITHOUT].quantity(lambda o: o["branch"][-1], "variance of the last branch")
        yield Claim("With He weights branches lose variance.", branch < 0.8, paper="falls",
                    **target)  # fmt: skip

    def tables(self, found):
        rows = []
        for block, counted in enumerate(found[WITH][0]["predicted"]):
            told = {f"{words}, {arm}": interval_text([one[key][block] for one in found[arm]])
                    for arm in ARMS for key, words in PANELS.items()}  # fmt: skip
            rows.append({"block": block + 1, "count": number(counted), **told})
        yield Table(f"{self.name()}-blocks", pd.DataFrame(rows), "Medians over networks.")

    def figures(self, found):
        figure = Figure(self.name(), found.folder, "Signal propagation plots: medians over "
                        "networks, bands over all; black is the count.")  # fmt: skip
        with drawing(figure, width=11, height=3.8, columns=3, shared=False) as axes:
            for axis, (key, words) in zip(axes, PANELS.items(), strict=True):
                for arm, spec in ARMS.items():
                    values, look = np.array([one[key] for one in found[arm]]), colour(spec)
                    x = range(1, values.shape[1] + 1)
                    axis.plot(x, np.median(values, 0), "o-", label=arm, color=look)
                    axis.fill_between(x, values.min(0), values.max(0), alpha=0.2, fc=look)
                axis.set(title=words, xlabel="block")
                axis.xaxis.get_major_locator().set_params(integer=True)
            axes[0].plot(x, found[WITH][0]["predicted"], "k--")
            axes[0].legend()
        yield figure
