"""Labatie et al. 2021, Figure 2: what is left of the power in a deep random network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.labatie2021.powers import ARMS, PARTS
from keras_norms.lab.backend import backend
from keras_norms.lab.claim import Claim
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.inequality import all_of
from keras_norms.lab.job import Computation
from keras_norms.lab.options import option
from keras_norms.lab.report.claims import interval_text
from keras_norms.lab.report.figures import Figure, drawing
from keras_norms.lab.report.tables import Table

COLOURS = ("#0072b2", "#56b4e9", "#e69f00", "#d55e00")


@dataclass(frozen=True, kw_only=True)
class RandomNet(Experiment):
    """Labatie et al. 2021, Figure 2: what is left of the power in a deep random network.

    Paper      "Proxy-Normalizing Activations to Match Batch Normalization while Removing Batch
               Dependence", arXiv 2106.03743, Figure 2, top: width 1,024, 3x3, circular padding,
               gamma ~ N(1, 0.2^2), beta ~ N(0, 0.2^2), ReLU. With layer normalization channels
               become constants with depth (P1 dominates); with instance normalization instances
               have no variability (P2 = P4 = 0); with a proxy both are as with BN.
    Claims     In the last layer, by its share of the power: LN has P1 above 0.5, and more than in
               the middle; BN has P1 below 0.05; IN P2 and P4 below 0.01; LN with the proxy less
               than 0.3 times LN's P1, and GN likewise.
    Ours       Width 64, 20 layers (--scale gpu: 1,024), 8x8 maps, 32 normal images, GN in eight
               groups; the parts of what is normalized, before gamma.
    Cost       60 networks, 1 CPU minute.
    Command    python -m benchmarks run labatie2021.random_net --out results
    """

    seeds: int = option(10, "networks", least=1, most=10_000)
    depth: int = option(20, "layers", least=2)
    width: int = option(64, "channels, divisible by 8", least=8, gpu=1024)
    images: int = option(32, "of a batch", least=2)

    def plan(self):
        about = {"depth": self.depth, "width": self.width, "examples": self.images}
        yield {arm: self.paired(Computation(
            "benchmarks.labatie2021.powers.by_depth", {**about, "arm": arm}, backend()))
               for arm in ARMS}  # fmt: skip

    def share(self, found, arm: str, part: int, layer: int = -1):
        said = f"P{part}/P, layer {self.depth if layer == -1 else layer + 1}"
        return found[arm].quantity(lambda o: o[layer][part - 1] / sum(o[layer]), said)

    def claims(self, found):
        target = {"target": "pn21-power-net"}
        first = {arm: self.share(found, arm, 1) for arm in ARMS}
        yield Claim("With LN channels become constants with depth.",
                    all_of(first["LN"] > 0.5,
                           first["LN"] > self.share(found, "LN", 1, self.depth // 2 - 1)),
                    paper="P1 dominates", **target)  # fmt: skip
        yield Claim("With BN they do not.", first["BN"] < 0.05, paper="0", **target)
        yield Claim("With IN instances do not vary.",
                    all_of(*(self.share(found, "IN", part) < 0.01 for part in (2, 4))),
                    paper="0", **target)  # fmt: skip
        for arm in ("LN", "GN"):
            yield Claim(f"A proxy behind {arm} keeps channels from becoming constants.",
                        first[f"{arm}+PN"] < 0.3 * first[arm], paper="≈ BN", **target)  # fmt: skip

    def tables(self, found):
        rows = []
        for arm in ARMS:
            last = [np.array(one[-1]) / sum(one[-1]) for one in found[arm]]
            told = {name: interval_text([one[k] for one in last]) for k, name in enumerate(PARTS)}
            rows.append({"network": arm, **told})
        yield Table(f"{self.name()}-last", pd.DataFrame(rows), "Shares in the last layer: medians.")

    def figures(self, found):
        figure = Figure(self.name(), found.folder, "Shares of the power by layer: medians.")
        with drawing(figure, width=10, height=6, rows=2, columns=3) as axes:
            for axis, arm in zip(axes.flat, ARMS, strict=True):
                parts = np.median([np.array(one) for one in found[arm]], 0).T
                axis.stackplot(range(1, self.depth + 1), parts / parts.sum(0), labels=PARTS,
                               colors=COLOURS)  # fmt: skip
                axis.set(title=arm, xlabel="layer", ylim=(0, 1))
                axis.xaxis.get_major_locator().set_params(integer=True)
            axes.flat[0].legend(loc="lower left")
        yield figure
