"""Bjorck et al. 2018, Figures 7 and 8 and Theorem 1: products of random matrices."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from benchmarks.bjorck2018.matrices import density, edge
from keras_norms.lab.claim import Claim
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.inequality import all_of
from keras_norms.lab.job import Computation
from keras_norms.lab.options import option
from keras_norms.lab.report.claims import interval_text
from keras_norms.lab.report.figures import Figure, drawing
from keras_norms.lab.report.tables import Table, number

PRODUCT = "benchmarks.bjorck2018.matrices.product"
# The share of singular values below 0.1 by Theorem 1, and how near it ours are to come.
SMALL = {1: (0.064, 0.01), 2: (0.172, 0.02), 3: (0.269, 0.02), 5: (0.411, 0.02)}
SHOWN = {
    "largest": "largest", "median": "median", "small": "share below 0.1",
    "condition": "log10 condition number", "distance": "distance to the theory",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class RandomProducts(Experiment):
    """Bjorck et al. 2018, Figures 7 and 8 and Theorem 1: products of random matrices.

    Paper      arXiv 1806.02375, Section 4: a deep linear network at initialization is a product of
               M Gaussian matrices, whose singular values spread with M as Theorem 1 has it: ill
               conditioned, though their mean square stays 1. N = 1000, M = 1, 3, 5.
    Claims     The largest singular value is within 7 % below and 5 % above the theory's edge; the
               median falls with M, the condition number rises; the share below 0.1 is the theory's
               to a point (M = 1) or two; the Kolmogorov-Smirnov distance to it is below 0.03.
    Ours       N = 300 (--scale gpu: 1000), float64. Figure 7 is the lines.
    Cost       40 products, 4 CPU seconds.
    Command    python -m benchmarks run bjorck2018.random_products --out results
    """

    seeds: int = option(10, "products", least=1, most=10_000)
    size: int = option(300, "rows and columns", least=2, most=10_000, gpu=1000)
    factors: tuple[int, ...] = option((1, 2, 3, 5), "in a product", least=1, most=30)
    bins: int = option(60, "of the histogram", least=2)

    def plan(self):
        shape = {"size": self.size, "bins": self.bins}
        jobs = {m: Computation(PRODUCT, {**shape, "factors": m}) for m in self.factors}
        yield {f"M = {m}": self.paired(job) for m, job in jobs.items()}

    def of(self, found, name: str) -> dict:
        groups = {m: found[f"M = {m}"] for m in sorted(self.factors)}
        return {m: one.quantity(lambda o: o[name], SHOWN[name]) for m, one in groups.items()}

    def claims(self, found):
        target = {"target": "bjorck18-rmt"}
        largest, small = self.of(found, "largest"), self.of(found, "small")
        yield Claim("The largest singular value is at the theory's edge.",
                    all_of(*(side for m, value in largest.items() for side in (
                        value / edge(m) < 1.05, value / edge(m) > 0.93))),
                    paper="edge 2, 2.60, 3.08, 3.86", **target)  # fmt: skip
        if told := {m: SMALL[m] for m in small if m in SMALL}:
            near = [abs(small[m] - share) < limit for m, (share, limit) in told.items()]
            yield Claim("As many are small as the theory says.", all_of(*near),
                        paper="6.4, 17.2, 26.9, 41.1 %", **target)  # fmt: skip
        yield Claim("Their distribution is the theory's.",
                    all_of(*(each < 0.03 for each in self.of(found, "distance").values())),
                    paper="equal", **target)  # fmt: skip
        if len(self.factors) > 1:
            pairs = pairwise(self.of(found, "median").values())
            yield Claim("The median falls with the number of factors.",
                        all_of(*(a > b for a, b in pairs)), paper="falls", **target)  # fmt: skip
            pairs = pairwise(self.of(found, "condition").values())
            yield Claim("The condition number grows with the number of factors.",
                        all_of(*(a < b for a, b in pairs)), paper="grows", **target)  # fmt: skip

    def tables(self, found):
        rows = []
        for m in sorted(self.factors):
            told = {w: interval_text([o[k] for o in found[f"M = {m}"]]) for k, w in SHOWN.items()}
            rows.append({"factors": m, "edge, theory": number(edge(m)), **told})
        yield Table(f"{self.name()}-values", pd.DataFrame(rows), "Singular values: medians.")

    def figures(self, found):
        caption = f"Singular values of products of {self.size} rows; lines: Theorem 1."
        figure, wide = Figure(self.name(), found.folder, caption), len(self.factors)
        with drawing(figure, width=2.8 * wide, height=3.4, columns=wide, shared=False) as axes:
            for axis, m in zip(np.atleast_1d(axes), sorted(self.factors), strict=True):
                counts = np.sum([one["counts"] for one in found[f"M = {m}"]], axis=0)
                edges = np.linspace(0, edge(m), self.bins + 1)
                shown = counts / (counts.sum() * edges[1])
                axis.bar(edges[:-1], shown, edges[1], align="edge", lw=0, color="#56b4e9")
                values, dense = density(m)
                axis.plot(values, dense, color="black")
                axis.set(title=f"M = {m}", xlabel="singular value", ylim=(0, 1.15 * shown.max()))
        yield figure
