"""Wu & He 2018, Tables 1 and 3: four normalizers and the number of groups, at batch 32."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from benchmarks.tuned import TunedExperiment
from keras_norms.lab.claim import Claim
from keras_norms.lab.inequality import all_of
from keras_norms.lab.options import option
from keras_norms.lab.training import Run

BN, LN, IN = "BN", "LN, one group", "IN, a group a channel"
GROUPS = {f"GN, {n} groups": f"group:groups={n}" for n in (2, 4)}


@dataclass(frozen=True, kw_only=True)
class Groups(TunedExperiment):
    """Wu & He 2018, Tables 1 and 3: four normalizers and the number of groups, at batch 32.

    Paper      "Group Normalization", arXiv 1803.08494, ResNet-50 on ImageNet, error: BN 23.6 %, LN
               25.3, IN 28.4, GN with 32 groups 24.1; other numbers of groups 24.1 to 24.8. GN has
               the lowest training error.
    Claims     The training loss with four groups is no higher than with LN and with IN; the test
               accuracies with BN and with four groups are above IN's; that with four groups is
               above LN's as well.
    Control    BN's test accuracy is a point above IN's: else "no power here".
    Ours       Digits of 8x8 pixels, five plain convolutions of 8 to 32 channels, 200 steps of SGD.
               Rates chosen for each arm on a held-out part of the training set, by seeds of their
               own.
    Cost       90 runs, 3 CPU minutes.
    Command    python -m benchmarks run wu2018.groups --out results
    """

    seeds: int = option(6, "paired seeds, fixed before the first run", least=1, most=10_000)
    model: str = option("plain:depth=6,width=8", "model; four groups divide its channels")
    batch: int = option(32, "examples a step", least=2)
    steps: int = option(200, "of each run", least=1)
    points: int = option(10, "evaluations of a run", least=1)
    arms: ClassVar = {BN: "batch:momentum=0.9", LN: "group:groups=1", **GROUPS, IN: "instance"}

    def run(self, arm: str, rate: float) -> Run:
        return Run(model=self.model, normalizer=self.arms[arm], learning_rate=rate,
                   batch=self.batch, steps=self.steps,
                   evaluate_every=max(1, self.steps // self.points),
                   keep_predictions=True)  # fmt: skip

    def claims(self, found):
        test = {arm: found[arm].final() for arm in self.arms}
        loss = {arm: found[arm].final("train_loss") for arm in self.arms}
        *_, four = GROUPS
        power = {"control": test[BN] - test[IN] >= 0.01}
        yield Claim("GN trains at least as well as LN and IN.",
                    all_of(loss[four] <= loss[LN], loss[four] <= loss[IN]), paper="lowest",
                    target="gn18-table1", **power)  # fmt: skip
        yield Claim("BN and GN are more accurate than IN.",
                    all_of(test[BN] > test[IN], test[four] > test[IN]),
                    paper="23.6, 24.1 | 28.4 % error", target="gn18-table1", **power)  # fmt: skip
        yield Claim("Four groups are better than one and than a group a channel.",
                    all_of(test[four] > test[LN], test[four] > test[IN]),
                    paper="24.1 | 25.3, 28.4 % error", target="gn18-groups", **power)  # fmt: skip
