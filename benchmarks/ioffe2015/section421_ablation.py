"""Ioffe & Szegedy 2015, Section 4.2.1: dropout and L2."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.ioffe2015.networks import DROPOUT, L2, X5, NetworkExperiment
from keras_norms.lab.claim import Claim
from keras_norms.lab.found import steps_ratio
from keras_norms.lab.options import RATE, option
from keras_norms.lab.report.ends import ends_table
from keras_norms.lab.statistics import Tolerance

BARE, DROPPED, DECAYED, BOTH = "BN-x5", "with dropout", "with the whole L2", "with both"
ALLOWED = 0.005  # of accuracy, in whole images


@dataclass(frozen=True, kw_only=True)
class Ablation(NetworkExperiment):
    """Ioffe & Szegedy 2015, Section 4.2.1: without dropout, with less L2.

    Paper      arXiv 1502.03167, Section 4.2.1: of the changes that go with batch normalization,
               dropout (40 %) is removed and the L2 weight divided by five. No numbers are given.
    Claims     Removing dropout costs no accuracy (half a point is allowed) and the network reaches
               the target in fewer steps; a fifth of the L2 weight costs no accuracy.
    Ours       BN-x5 of ioffe2015.convergence, with each of the two changes taken back, and with
               both: a small Inception on digits at five times the plain network's rate found there.
               The target is 95 % test accuracy.
    Cost       36 runs, 3 CPU minutes.
    Command    python -m benchmarks run ioffe2015.ablation --out results
    """

    steps: int = option(400, "steps a run", least=1, gpu=8000, cifar10=240)
    rate: float = option(0.03, "learning rate of the plain network", **RATE)
    target: float = option(0.95, "test accuracy to reach", least=0, most=1, gpu=0.8, cifar10=0.4)

    def plan(self):
        yield {
            BARE: self.paired(self.arm(X5, self.rate)),
            DROPPED: self.paired(self.arm(X5, self.rate, dropout=DROPOUT)),
            DECAYED: self.paired(self.arm(X5, self.rate, l2=L2)),
            BOTH: self.paired(self.arm(X5, self.rate, dropout=DROPOUT, l2=L2)),
        }

    def claims(self, found):
        close = Tolerance.at_least(ALLOWED, len(found[BARE][0].correct)).share
        gain = {name: found[BARE].best() - found[name].best() for name in (DROPPED, DECAYED)}
        yield Claim("Removing dropout costs no accuracy.", gain[DROPPED] >= -close)
        faster = steps_ratio(found[DROPPED], found[BARE], self.target)
        yield Claim("Removing dropout makes it faster.", faster > 1)
        yield Claim("A fifth of the L2 weight costs no accuracy.", gain[DECAYED] >= -close)

    def tables(self, found):
        yield ends_table(self.name(), found.groups())
