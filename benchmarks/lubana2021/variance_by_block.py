"""Lubana et al. 2021, claim (i): the variance of activations by residual block."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.bjorck2018.reading import seen, shown, starts
from benchmarks.lubana2021.drawings import draw_lines
from benchmarks.lubana2021.fits import FITS
from benchmarks.lubana2021.networks import (
    ACTIVATIONS,
    ARMS,
    BLOCKS,
    FORMS,
    PARAMETRIC,
    InitializationExperiment,
    answer,
)
from keras_norms.lab.claim import Claim
from keras_norms.lab.inequality import all_of
from keras_norms.lab.options import option
from keras_norms.lab.report.figures import Figure, drawing
from keras_norms.lab.report.tables import Table

SKIPINIT = {"": False, " with SkipInit": True}
OWN = ("EvoNormBO", "EvoNormSO")  # activate too


@dataclass(frozen=True, kw_only=True)
class VarianceByBlock(InitializationExperiment):
    """Lubana et al. 2021, claim (i): the variance of activations by residual block.

    Paper      "Beyond BatchNorm", arXiv 2106.05956: in a ResNet-56 at initialization the variance
               of activations grows linearly with the block for normalizers of activations, and
               exponentially for those of weights, which need a remedy such as SkipInit.
    Claims     Behind the blocks of the first stage: with a normalizer of activations a line fits
               (R2 > 0.95), the last variance is less than 30 times the first; with WN, SWS and none
               an exponential fits, of more than 1.5 a block, or of less than 1.05 with SkipInit.
    Ours       ResNet-56 of width 16 in the pre-activation form (--form resnet: the other, whose
               ReLU behind each sum bends the lines); He weights, CIFAR-10 at 16x16 pixels, batch
               32, eight groups.
    Cost       220 networks, 5 CPU minutes on torch, which compiles none of them.
    Command    KERAS_BACKEND=torch python -m benchmarks run lubana2021.variance_by_block
               --out results
    """

    depth: int = option(56, "layers of the network, 6 n + 2", least=20)
    width: int = option(16, "channels of the first stage", least=8, gpu=32)
    size: int = option(16, "pixels of a side", least=8, gpu=32)
    form: str = option("preactivation_resnet", "of the residual network", choices=FORMS)

    def plan(self):
        size = self.depth, self.width
        yield {arm + words: self.initial(FORMS[self.form](*size, arm, skip), spec, BLOCKS)
               for words, skip in SKIPINIT.items() for arm, spec in ARMS.items()}  # fmt: skip

    def measure(self, found, name: str, what: str):
        blocks, fit = (self.depth - 2) // 6, FITS[what]
        return seen(found[name], "propagation", lambda r: fit(np.array(r["variance"][:blocks])),
                    what)  # fmt: skip

    def claims(self, found):
        def every(what: str, arms, words: str = ""):
            return [self.measure(found, arm + words, what) for arm in arms]

        target = {"target": "lubana21-var"}
        for arms, who in (([a for a in ACTIVATIONS if a not in OWN], "BN, LN, IN, GN, FRN and VN"),
                          (OWN, "both EvoNorms")):  # fmt: skip
            lines = all_of(*(fit > 0.95 for fit in every("R2 of a line", arms)))
            yield Claim(f"With {who} the variance grows linearly.", lines, **target)
        ratios = every("last / first variance", ACTIVATIONS)
        below = all_of(*(ratio < 30 for ratio in ratios))
        yield Claim("With each of activations it stays below 30 times the first.", below, **target)
        steep = [factor > 1.5 for factor in every("growth a block", PARAMETRIC)]
        steep += [fit > 0.95 for fit in every("R2 of an exponential", PARAMETRIC)]
        yield Claim("With WN, SWS and none it grows exponentially.", all_of(*steep), **target)
        constant = every("growth a block", PARAMETRIC, " with SkipInit")
        yield Claim("With SkipInit it does not.", all_of(*(f < 1.05 for f in constant)), **target)

    def tables(self, found):
        rows = [{"network": name, **{what: shown(self.measure(found, name, what)) for what in FITS},
                 "before the first step": starts(found[name])}
                for words in SKIPINIT for name in (arm + words for arm in ARMS)]  # fmt: skip
        yield Table(f"{self.name()}-fits", pd.DataFrame(rows), "First stage: medians over seeds.")

    def figures(self, found):
        said = "Variance behind each residual block: median over seeds, band over all."
        figure = Figure(self.name(), found.folder, said)
        with drawing(figure, width=12, height=4.4, columns=3, shared=False) as axes:
            for axis, words, arms in zip(axes, ("", "", " with SkipInit"),
                                         (ARMS, ACTIVATIONS, ARMS), strict=True):  # fmt: skip
                draw_lines(axis, {arm: [one[0]["variance"] for one in answer(
                    found[arm + words], BLOCKS)] for arm in arms})  # fmt: skip
                axis.set(title=words.strip() or "without SkipInit", xlabel="block")
            axes[0].set(ylabel="variance", yscale="log")
            axes[0].legend(ncols=2, fontsize=8)
        yield figure
