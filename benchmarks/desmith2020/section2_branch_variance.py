"""De & Smith 2020, Section 2: the variance of residual blocks at initialization."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from benchmarks.bjorck2018.networks import BATCH, InitializationExperiment
from benchmarks.bjorck2018.reading import seen, starts
from keras_norms.lab.claim import Claim
from keras_norms.lab.inequality import all_of
from keras_norms.lab.options import option
from keras_norms.lab.report.claims import interval_text
from keras_norms.lab.report.figures import Figure, colour, drawing
from keras_norms.lab.report.tables import Table

WITH, SKIPINIT, NONE = "BN", "SkipInit", "none"
ARMS = {WITH: (BATCH, "plain"), SKIPINIT: ("none", "skipinit"), NONE: ("none", "plain")}
LINES = {WITH: "-", SKIPINIT: "--", NONE: ":"}


@dataclass(frozen=True, kw_only=True)
class BranchVariance(InitializationExperiment):
    """De & Smith 2020, Section 2: the variance of residual blocks at initialization.

    Paper      "Batch Normalization Biases Residual Blocks Towards the Identity Function in Deep
               Networks", arXiv 2002.10444: with BN on the branches the variance behind block l is
               l + 1, so that deep blocks are nearly the identity; without it the variance grows
               exponentially. A scalar that starts at zero on each branch (SkipInit) makes blocks
               the identity.
    Claims     Within the first stage the variance behind block l grows linearly with BN (squared
               correlation above 0.95); by more than a factor of 1.3 a block without; not at all
               with SkipInit.
    Ours       A preactivation ResNet-56 of width 16, He weights, CIFAR-10, batch 128: nine blocks
               before the first shortcut, where BN begins anew.
    Cost       30 networks, 3 CPU minutes.
    Command    python -m benchmarks run desmith2020.branch_variance --out results
    """

    depth: int = option(56, "layers of the network, 6 n + 2", least=20)
    initializer: str = option("he", "of all kernels")

    def plan(self):
        usual = self.initial("moments:of=additions,")[WITH][0]
        network = f"preactivation_resnet:depth={self.depth},width={self.width}"
        yield {arm: self.paired(replace(usual, model=f"{network},branch={branch}",
                                        normalizer=normalizer))
               for arm, (normalizer, branch) in ARMS.items()}  # fmt: skip

    def variances(self, row) -> np.ndarray:
        """Behind each block of the first stage."""
        return np.square(np.array(row["output_std"], float)[: (self.depth - 2) // 6])

    def claims(self, found):
        def straight(row) -> float:
            values = self.variances(row)
            return np.corrcoef(np.arange(len(values)), values)[0, 1] ** 2

        def factor(row) -> float:
            values = self.variances(row)
            return (values[-1] / values[0]) ** (1 / (len(values) - 1))

        yield Claim("With BN the variance grows linearly from block to block.",
                    seen(found[WITH], "moments", straight, "squared correlation") > 0.95,
                    paper="l + 1")  # fmt: skip
        yield Claim("Without it by a factor a block.",
                    seen(found[NONE], "moments", factor, "factor a block") > 1.3,
                    paper="2")  # fmt: skip
        constant = seen(found[SKIPINIT], "moments", factor, "factor a block")
        yield Claim("With SkipInit not at all.", all_of(constant < 1.001, constant > 0.999),
                    paper="1")  # fmt: skip

    def tables(self, found):
        rows = []
        for arm in ARMS:
            every = [self.variances(one[0]) for one in found[arm].probed("moments")]
            said = {f"block {k + 1}": interval_text([v[k] for v in every])
                    for k in (0, len(every[0]) // 2, len(every[0]) - 1)}  # fmt: skip
            rows.append({"network": arm, **said, "before the first step": starts(found[arm])})
        yield Table(f"{self.name()}-blocks", pd.DataFrame(rows), "Variance: medians over seeds.")

    def figures(self, found):
        figure = Figure(self.name(), found.folder, "Variance behind each block of the first stage.")
        with drawing(figure) as axis:
            for arm, line in LINES.items():
                every = [self.variances(one[0]) for one in found[arm].probed("moments")]
                middle = np.median(every, 0)
                axis.plot(np.arange(1, len(middle) + 1), middle, line, marker="o", label=arm,
                          color=colour(ARMS[arm][0]))  # fmt: skip
            axis.set(yscale="log", xlabel="block", ylabel="variance")
            axis.legend()
        yield figure
