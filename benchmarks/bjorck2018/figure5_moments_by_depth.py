"""Bjorck et al. 2018, Figure 5: channel means and standard deviations by depth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.bjorck2018.networks import ARMS, WITH, WITHOUT, InitializationExperiment
from benchmarks.bjorck2018.reading import seen
from keras_norms.lab.claim import Claim
from keras_norms.lab.inequality import all_of
from keras_norms.lab.report.claims import interval_text
from keras_norms.lab.report.figures import Figure, colour, drawing
from keras_norms.lab.report.tables import Table

STATISTICS = {"channel_mean": "|channel mean|", "channel_std": "channel standard deviation"}


@dataclass(frozen=True, kw_only=True)
class MomentsByDepth(InitializationExperiment):
    """Bjorck et al. 2018, Figure 5: channel means and standard deviations by depth.

    Paper      "Understanding Batch Normalization", arXiv 1806.02375, Figure 5: at initialization
               both are flat with BN, within 10^-1.2 and 10^1; without it they grow almost linearly
               in the logarithm, from 10^-1.25 at layer 6 to 10^3 at layer 102.
    Claims     The slope of log10 of the standard deviation over the layers is positive without BN
               and more than five times the slope with it; it grows more than 100-fold from the
               first block to the last; so do the means.
    Ours       The paper's network, ResNet-110 of widths 16, 32 and 64, CIFAR-10, batch 128, Xavier
               weights. The outputs of convolutions, before any normalizer.
    Cost       20 networks, 2 CPU minutes with the compilation, which the other figures share.
    Command    python -m benchmarks run bjorck2018.moments_by_depth --out results
    """

    def plan(self):
        yield self.initial("moments:of=linear,")

    def convolutions(self) -> list[int]:
        return list(range(1, self.depth))

    def by_layer(self, row, statistic: str) -> np.ndarray:
        values = np.array(row[f"output_{statistic}"], float)
        values[~np.isfinite(values)] = np.inf  # of a network that is dead at its start
        return values[[self.place(layer) - 1 for layer in self.convolutions()]]

    def slope(self, found, arm: str, statistic: str = "channel_std"):
        def measure(row) -> float:
            with np.errstate(divide="ignore", invalid="ignore"):
                logs = np.log10(self.by_layer(row, statistic))
            finite = np.isfinite(logs).all()
            return np.polyfit(self.convolutions(), logs, 1)[0] if finite else np.inf

        return seen(found[arm], "moments", measure, f"slope of log10 {statistic[8:]} a layer")

    def growth(self, row) -> float:
        last, first = self.by_layer(row, "channel_std")[[self.depth - 2, 2]]
        return np.divide(last, first)

    def claims(self, found):
        with_bn, without = (self.slope(found, arm) for arm in (WITH, WITHOUT))
        target = {"target": "bjorck18-fig5"}
        yield Claim("Without BN the standard deviation grows with depth, with it hardly.",
                    all_of(without > 5 * abs(with_bn), without > 0.01),
                    paper="0.044 a layer | 0", **target)  # fmt: skip
        growth = seen(found[WITHOUT], "moments", self.growth, "std last / first block")
        yield Claim("Without BN it grows more than 100-fold from the first block to the last.",
                    growth > 100, paper="10^4.2 from layer 6 to 102", **target)  # fmt: skip
        means = [self.slope(found, arm, "channel_mean") for arm in (WITHOUT, WITH)]
        yield Claim("Without BN the means grow with depth, with it hardly.",
                    means[0] > 5 * abs(means[1]), paper="0.048 a layer | 0", **target)  # fmt: skip

    def tables(self, found):
        rows = []
        for arm in ARMS:
            row = {"network": arm}
            for name, words in STATISTICS.items():
                every = [self.by_layer(one[0], name) for one in found[arm].probed("moments")]
                for layer in (1, self.depth // 2, self.depth - 1):
                    values = [values[layer - 1] for values in every]
                    row[f"{words}, layer {layer}"] = interval_text(values)
            rows.append(row)
        yield Table(f"{self.name()}-layers", pd.DataFrame(rows), "At initialization: medians.")

    def figures(self, found):
        figure = Figure(self.name(), found.folder, "Average channel mean and standard deviation by "
                        "layer at initialization: median over seeds, band over all.")  # fmt: skip
        with drawing(figure, width=9, height=4.2, columns=2) as axes:
            for axis, (name, words) in zip(axes, STATISTICS.items(), strict=True):
                for arm, normalizer in ARMS.items():
                    rows = found[arm].probed("moments")
                    logs = np.log10([self.by_layer(one[0], name) for one in rows])
                    x, look = self.convolutions(), colour(normalizer)
                    axis.plot(x, np.median(logs, 0), label=arm, color=look)
                    axis.fill_between(x, *np.quantile(logs, (0, 1), 0), alpha=0.2, fc=look)
                axis.set(title=words, xlabel="layer", ylabel="log10 magnitude")
            axes[0].legend()
        yield figure
