"""Bjorck et al. 2018, Section 3.3: one single normalizer, behind the last block."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from benchmarks.bjorck2018.largest_rates import LargestRateExperiment
from benchmarks.bjorck2018.reading import ends
from keras_norms.lab.claim import Claim
from keras_norms.lab.inequality import all_of
from keras_norms.lab.options import option
from keras_norms.lab.report.claims import interval_text
from keras_norms.lab.report.tables import Table, number, percent

BATCH = "batch:momentum=0.9"
ARMS = {"none": ("none", {}), "one BN": (BATCH, {"normalize": "last"}), "all BN": (BATCH, {})}
SHARE = 1 / 3  # of the largest rate: each arm is trained there


@dataclass(frozen=True, kw_only=True)
class OneNormalizer(LargestRateExperiment):
    """Bjorck et al. 2018, Section 3.3: one single normalizer, behind the last block.

    Paper      arXiv 1806.02375, Section 3.3: ResNet-110 with one BN at its end trains at a rate of
               0.03 and reaches 90.1 %, of 82.0 % without any and 93.2 % with all: about 0.72 of
               the gain.
    Claims     One BN trains at more than three times the rate of none, at every depth; its test
               accuracy is between those of none and all, and it has 0.3 to 1 of the gain.
    Ours       ResNet-20 and -56 of width 8 on 5,000 images of CIFAR-10 at 16x16 pixels, 150 steps
               of plain SGD to find the largest rates; then 1,000 steps of the shallowest network at
               a third of each arm's median, on seeds that no rate was found with.
    Cost       At most 360 runs of 150 steps and 27 of 1,000, 55 CPU minutes.
    Command    python -m benchmarks run bjorck2018.one_normalizer --out results
    """

    longer: int = option(1000, "steps of the comparison", least=1, gpu=20_000)
    compared: int = option(9, "paired seeds of the comparison", least=1, most=9999)

    def chains(self):
        return {
            arm: [self.network(depth, scheme, **where) for depth in sorted(self.depths)]
            for arm, (scheme, where) in ARMS.items()
        }

    def plan(self):
        found = yield next(super().plan())
        if all(found[arm][0].trains.median > 0 for arm in ARMS):
            yield {f"{arm}, trained": self.compare(found[arm][0]) for arm in ARMS}

    def compare(self, cell) -> list:
        rate = float(f"{SHARE * min(cell.trains.median, self.high):.3g}")
        one = replace(cell.program, learning_rate=rate, steps=self.longer, keep_predictions=True)
        first = max(self.seed_range()) + 1
        return [replace(one, seed=first + k) for k in range(self.compared)]

    def claims(self, found):
        target = {"target": "bjorck18-lastbn"}
        parts = []
        for k, depth in enumerate(sorted(self.depths)):
            said = f", {depth} layers"
            few, more = (self.rate(found[arm][k], arm + said) for arm in ("none", "one BN"))
            parts.append(more > 3 * few)
        yield Claim("One BN trains at more than three times the rate of none.", all_of(*parts),
                    paper="0.03 | 0.0001", **target)  # fmt: skip
        if "none, trained" in found:
            none, one, every = (found[f"{arm}, trained"].final() for arm in ARMS)
            yield Claim("Its accuracy is between those without and with all.",
                        all_of(none < one, one < every),
                        paper="82.0 < 90.1 < 93.2 %", **target)  # fmt: skip
            gained, whole = one - none, every - none
            yield Claim("It has 0.3 of the gain or more, and not more than all.",
                        all_of(gained >= 0.3 * whole, gained <= whole),
                        paper="0.72", **target)  # fmt: skip

    def tables(self, found):
        yield self.cells_table([
            (f"{arm}, {depth} layers", found[arm][k])
            for arm in ARMS for k, depth in enumerate(sorted(self.depths))
        ])  # fmt: skip
        if "none, trained" in found:
            groups = {arm: found[f"{arm}, trained"] for arm in ARMS}
            yield Table(f"{self.name()}-ends", pd.DataFrame([
                {"network": arm, "learning rate": number(group[0].run.learning_rate),
                 "test accuracy": interval_text([o.final("test_accuracy") for o in group], percent),
                 "ends": ends(group)} for arm, group in groups.items()
            ]), "Trained longer, at a third of each largest rate: median, interval.")  # fmt: skip
