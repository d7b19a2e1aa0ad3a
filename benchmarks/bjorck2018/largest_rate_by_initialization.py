"""Bjorck et al. 2018, Section 4: the largest learning rate by initialization."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.bjorck2018.largest_rates import LargestRateExperiment
from keras_norms.lab.claim import Claim
from keras_norms.lab.inequality import all_of

INITIALIZERS = ("xavier", "he", "lecun", "orthogonal")


@dataclass(frozen=True, kw_only=True)
class LargestRateByInitialization(LargestRateExperiment):
    """Bjorck et al. 2018, Section 4: the largest learning rate by initialization.

    Paper      arXiv 1806.02375, Section 4: the usual initializations keep the size of signals and
               not their condition; none of them lets ResNet-110 without BN train at large rates.
    Claim      At every depth the best initialization without BN trains up to less than a third of
               the rate that BN, with Xavier weights, does.
    Ours       ResNet-20 and ResNet-56 of width 8 on 5,000 images of CIFAR-10 at 16x16 pixels, 150
               steps of plain SGD; a rate trains where the last accuracy beats chance.
    Cost       At most 600 runs, 70 CPU minutes; two fifths are those of bjorck2018.one_normalizer.
    Command    python -m benchmarks run bjorck2018.largest_rate_by_initialization --out results
    """

    def chains(self):
        arms = {"BN, xavier": ("batch:momentum=0.9", "xavier")}
        arms |= {f"none, {initializer}": ("none", initializer) for initializer in INITIALIZERS}
        return {
            name: [self.network(depth, *arm) for depth in sorted(self.depths)]
            for name, arm in arms.items()
        }

    def claims(self, found):
        first, *others = self.chains()
        parts = []
        for k, depth in enumerate(sorted(self.depths)):
            with_bn = self.rate(found[first][k], f"{first}, {depth} layers")
            for name in others:
                without = self.rate(found[name][k], f"{name}, {depth} layers")
                parts.append(3 * without < with_bn)
        yield Claim("No initialization without BN trains at a third of the rate of BN.",
                    all_of(*parts), paper="0.0001 | 0.1", target="bjorck18-init")  # fmt: skip

    def tables(self, found):
        yield self.cells_table([
            (f"{name}, {depth} layers", found[name][k])
            for name in self.chains() for k, depth in enumerate(sorted(self.depths))
        ])  # fmt: skip
