"""Bjorck et al. 2018, Section 4: the largest learning rate by depth."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from benchmarks.bjorck2018.largest_rates import LargestRateExperiment
from keras_norms.lab.claim import Claim
from keras_norms.lab.inequality import all_of
from keras_norms.lab.options import option
from keras_norms.lab.report.frontier_plot import Along, depth_of, draw_frontier

ARMS = {"BN": "batch:momentum=0.9", "none": "none"}


@dataclass(frozen=True, kw_only=True)
class LargestRateByDepth(LargestRateExperiment):
    """Bjorck et al. 2018, Section 4: the largest learning rate by depth.

    Paper      arXiv 1806.02375, Sections 3 and 4: with 110 layers the largest rate is 0.1 with BN
               and 0.0001 without; shallower networks without BN tolerate larger ones. A loss above
               1000 is divergence.
    Claims     BN trains at five times the rate or more, at every depth; the rate without BN does
               not rise with depth; the ratio at the largest depth is at least that at the smallest.
    Ours       Residual networks of width 8 on 5,000 images of CIFAR-10 at 16x16 pixels, Xavier
               weights, 150 steps of plain SGD; a rate trains where the last accuracy beats chance.
               The table has the paper's criterion beside ours.
    Cost       At most 480 runs, 45 CPU minutes; half are those of bjorck2018.one_normalizer.
    Command    python -m benchmarks run bjorck2018.largest_rate_by_depth --out results
    """

    depths: tuple[int, ...] = option(
        (8, 20, 32, 56), "layers of the networks", least=8, gpu=(20, 32, 56, 110)
    )

    def chains(self):
        return {
            arm: [self.network(depth, scheme) for depth in sorted(self.depths)]
            for arm, scheme in ARMS.items()
        }

    def rates(self, found, arm: str) -> list:
        pairs = zip(sorted(self.depths), found[arm], strict=True)
        return [self.rate(cell, f"{arm}, {depth} layers") for depth, cell in pairs]

    def claims(self, found):
        with_bn, without = (self.rates(found, arm) for arm in ARMS)
        target = {"target": "bjorck18-lrmax"}
        yield Claim("BN trains at five times the rate or more.", all_of(*(
            many >= 5 * few for many, few in zip(with_bn, without, strict=True))),
            paper="1000 times, 110 layers", **target)  # fmt: skip
        if len(without) > 1:
            yield Claim("Without BN the largest rate does not rise with depth.",
                        all_of(*(more >= less for more, less in pairwise(without))),
                        paper="falls", **target)  # fmt: skip
            # As products, since either rate without BN may be zero.
            yield Claim("BN's advantage is no smaller in the deepest network.",
                        with_bn[-1] * without[0] >= with_bn[0] * without[-1],
                        paper="larger", **target)  # fmt: skip

    def tables(self, found):
        yield self.cells_table([
            (f"{arm}, {depth} layers", cell)
            for arm in ARMS for depth, cell in zip(sorted(self.depths), found[arm], strict=True)
        ])  # fmt: skip

    def figures(self, found):
        what = f"residual networks of width {self.width}, {self.data}, batch {self.batch}"
        yield draw_frontier(found.folder, self.name(), self.cells(found), steps=self.steps,
                            what=what, along=Along("depth", "layers", depth_of))  # fmt: skip
