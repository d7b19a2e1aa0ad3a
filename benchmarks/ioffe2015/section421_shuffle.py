"""Ioffe & Szegedy 2015, Section 4.2.1: shuffling."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.ioffe2015.networks import X5, NetworkExperiment
from keras_norms.lab.claim import Claim
from keras_norms.lab.options import RATE, option
from keras_norms.lab.report.ends import ends_table
from keras_norms.lab.tuning import with_data

NEW, FIXED = "new batches each epoch", "the same batches each epoch"


@dataclass(frozen=True, kw_only=True)
class Shuffle(NetworkExperiment):
    """Ioffe & Szegedy 2015, Section 4.2.1: batches whose examples change from epoch to epoch.

    Paper      arXiv 1502.03167, Section 4.2.1: shuffling within shards, so that the same examples
               do not always meet in a mini-batch, gave about 1 % of validation accuracy.
    Claim      The best test accuracy is higher where each epoch has new batches than where it has
               those of the first epoch, in a new order.
    Ours       BN-x5 of ioffe2015.convergence: a small Inception on digits, at five times the plain
               network's rate found there. Both arms of a seed start alike, with the same first
               epoch. A soft claim: on so few images the difference is a matter of single images.
    Cost       18 runs, 2 CPU minutes.
    Command    python -m benchmarks run ioffe2015.shuffle --out results
    """

    steps: int = option(400, "steps a run", least=1, gpu=8000, cifar10=240)
    rate: float = option(0.03, "learning rate of the plain network", **RATE)

    def plan(self):
        new = self.arm(X5, self.rate)
        yield {NEW: self.paired(new), FIXED: self.paired(with_data(new, "reshuffle=false"))}

    def claims(self, found):
        higher = found[NEW].best() > found[FIXED].best()
        yield Claim("New batches in each epoch raise the accuracy.", higher,
                    paper="about +0.01", target="ioffe15-shuffle")  # fmt: skip

    def tables(self, found):
        yield ends_table(self.name(), found.groups())
