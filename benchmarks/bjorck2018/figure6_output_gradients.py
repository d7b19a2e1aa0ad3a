"""Bjorck et al. 2018, Figure 6: the loss's gradient in the outputs, image by class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.bjorck2018.drawings import heat_map
from benchmarks.bjorck2018.networks import ARMS, WITH, WITHOUT, InitializationExperiment
from benchmarks.bjorck2018.reading import seen, shown, starts
from keras_norms.lab.claim import Claim
from keras_norms.lab.report.figures import Figure, drawing
from keras_norms.lab.report.tables import Table


@dataclass(frozen=True, kw_only=True)
class OutputGradients(InitializationExperiment):
    """Bjorck et al. 2018, Figure 6: the loss's gradient in the outputs, image by class.

    Paper      arXiv 1806.02375, Figure 6: at initialization the network without BN gives one class
               to nearly every image, so that this column of the gradient is about +1/128 in all
               rows; with BN no column stands out so.
    Claims     Without BN 90 % of the images or more are in one class, with it fewer; the mean
               magnitude of the largest column over that of the median one is more than 1.5 times
               as large without BN.
    Ours       The paper's network and batch, as in bjorck2018.moments_by_depth.
    Cost       20 networks, 2 CPU minutes with the compilation, which the other figures share.
    Command    python -m benchmarks run bjorck2018.output_gradients --out results
    """

    def plan(self):
        yield self.initial("outputs:")

    def share(self, found, arm: str):
        return seen(found[arm], "outputs", lambda row: max(row["predicted"]), "share of one class")

    def contrast(self, found, arm: str):
        return seen(found[arm], "outputs", contrast, "largest / median column")

    def claims(self, found):
        target = {"target": "bjorck18-fig6"}
        yield Claim("Without BN one class is given to 90 % of the images or more.",
                    self.share(found, WITHOUT) >= 0.9, paper="nearly all", **target)  # fmt: skip
        yield Claim("With BN it is given to fewer than 90 %.",
                    self.share(found, WITH) < 0.9, paper="no such column", **target)  # fmt: skip
        yield Claim("Without BN one column stands out more.",
                    self.contrast(found, WITHOUT) / self.contrast(found, WITH) > 1.5,
                    paper="one column of +1/128 | a mild one", **target)  # fmt: skip

    def tables(self, found):
        rows = [
            {
                "network": arm,
                "share of the largest class": shown(self.share(found, arm)),
                "largest / median column": shown(self.contrast(found, arm)),
                "before the first step": starts(found[arm]),
            }
            for arm in ARMS
        ]
        caption = "The outputs at initialization: median over seeds with its interval."
        yield Table(f"{self.name()}-classes", pd.DataFrame(rows), caption)

    def figures(self, found):
        figure = Figure(self.name(), found.folder, "Gradient of the loss in the outputs at "
                        "initialization, first seed: a row an image of the batch.")  # fmt: skip
        with drawing(figure, width=7.5, height=6, columns=2) as axes:
            for axis, arm in zip(axes, ARMS, strict=True):
                gradient = np.array(found[arm].probed("outputs")[0][0]["gradient"], float)
                reach = 1 / len(gradient)
                drawn = heat_map(axis, gradient, cmap="RdBu_r", vmin=-reach, vmax=reach)
                axis.set(title=arm, xlabel="class", xticks=range(gradient.shape[1]))
            axes[0].set_ylabel("image")
            axes[0].figure.colorbar(drawn, ax=axes, label="gradient")
        yield figure


def contrast(row) -> float:
    """The mean magnitude of the largest column of the gradient over that of the median one."""
    columns = np.abs(np.array(row["gradient"], float)).mean(axis=0)
    return np.divide(columns.max(), np.median(columns))
