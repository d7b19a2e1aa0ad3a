"""Bjorck et al. 2018, Table 1: how much of a kernel's gradient cancels in its sum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.bjorck2018.networks import ARMS, WITH, WITHOUT, InitializationExperiment
from benchmarks.bjorck2018.reading import seen, shown
from keras_norms.lab.claim import Claim
from keras_norms.lab.inequality import all_of
from keras_norms.lab.options import option
from keras_norms.lab.report.tables import Table

# a and the magnitude of the sum, by layer, as the paper has them.
PAPER = {
    (WITH, 18): (7.5e-5, 3.0e-7), (WITH, 54): (1.9e-5, 1.7e-7), (WITH, 90): (6.6e-6, 1.6e-7),
    (WITHOUT, 18): (6.3e-5, 3.6e-5), (WITHOUT, 54): (2.2e-4, 8.4e-5),
    (WITHOUT, 90): (2.6e-4, 1.2e-4),
}  # fmt: skip
ROUNDING = 1e-12  # of sums in float64
SINGLE = 1e-5  # of the gradient in float32, as a share of the terms' magnitudes


@dataclass(frozen=True, kw_only=True)
class Cancellation(InitializationExperiment):
    """Bjorck et al. 2018, Table 1: how much of a kernel's gradient cancels in its sum.

    Paper      arXiv 1806.02375, Table 1: the gradient in an entry of a kernel is a sum over images
               and places. The sum of magnitudes over the magnitude of the sum, a/d here, is 252,
               113 and 41 with BN at layers 18, 54 and 90, and 1.7, 2.6 and 2.1 without: with BN the
               terms cancel like noise, without it they agree.
    Claims     At each of the three layers a/d with BN is more than five times that without, which
               is below ten. Exactly: a >= b >= d and a >= c >= d, where b sums places first and c
               images first; d is the gradient by automatic differentiation.
    Ours       The paper's network and batch; the median over 60 entries of a kernel, drawn once.
    Cost       20 networks, 2 CPU minutes with the compilation, which the other figures share.
    Command    python -m benchmarks run bjorck2018.cancellation --out results
    """

    layers: tuple[int, ...] = option((18, 54, 90), "layers of the network", least=1)
    entries: int = option(60, "of a kernel", least=1)

    def plan(self):
        places = self.places(self.layers)
        yield self.initial(f"cancellation:layers={places},entries={self.entries},")

    def ratio(self, found, arm: str, layer: int, over: str = "d"):
        def measure(row) -> float:
            a, less = (np.array(row[name][self.layers.index(layer)], float) for name in ("a", over))
            with np.errstate(divide="ignore"):
                return np.median(a[a != 0] / less[a != 0])

        return seen(found[arm], "cancellation", measure, f"a/{over}, layer {layer}")

    def claims(self, found):
        ratios = {arm: [self.ratio(found, arm, layer) for layer in self.layers] for arm in ARMS}
        pairs = list(zip(ratios[WITH], ratios[WITHOUT], strict=True))
        target = {"target": "bjorck18-tab1"}
        yield Claim("With BN far more of the gradient cancels.",
                    all_of(*(with_bn > 5 * without for with_bn, without in pairs)),
                    paper="148, 43, 19 times", **target)  # fmt: skip
        yield Claim("Without BN little cancels.", all_of(*(without < 10 for _, without in pairs)),
                    paper="1.7, 2.6, 2.1", **target)  # fmt: skip
        exact = {"target": "bjorck18-triangle", "paper": "follows from the definitions"}
        yield Claim("The triangle inequalities a ≥ b ≥ d and a ≥ c ≥ d hold in every entry.",
                    all_of(*(seen(found[arm], "cancellation", violation, "largest violation / a")
                             <= ROUNDING for arm in ARMS)), **exact)  # fmt: skip
        yield Claim("The sum of the terms is the gradient by automatic differentiation.",
                    all_of(*(seen(found[arm], "cancellation", difference, "|d − gradient| / a")
                             < SINGLE for arm in ARMS)), **exact)  # fmt: skip

    def tables(self, found):
        rows = []
        for arm in ARMS:
            for layer in self.layers:
                row = {"network": arm, "layer": layer}
                for over in "bcd":
                    row[f"a/{over}"] = shown(self.ratio(found, arm, layer, over))
                a, d = PAPER.get((arm, layer), (np.nan, np.nan))
                rows.append({**row, "a/d, paper": f"{a / d:.1f}"})
        yield Table(f"{self.name()}-sums", pd.DataFrame(rows), "Medians over seeds.")


def _entries(row) -> tuple[np.ndarray, ...]:
    """a, b, c, d and the gradient of each entry that has one."""
    found = [np.array(row[name], float) for name in ("a", "b", "c", "d", "gradient")]
    return tuple(each[found[0] != 0] for each in found)


def violation(row) -> float:
    a, b, c, d, _ = _entries(row)
    return float((np.maximum.reduce([b - a, d - b, c - a, d - c]) / a).max())


def difference(row) -> float:
    a, _, _, d, gradient = _entries(row)
    return float((np.abs(d - gradient) / a).max())
