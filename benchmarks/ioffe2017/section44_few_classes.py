"""Ioffe 2017, Section 4.4: batches of few classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from benchmarks.tuned import TunedExperiment
from keras_norms.lab.claim import Claim
from keras_norms.lab.options import option
from keras_norms.lab.training import Run
from keras_norms.lab.tuning import with_data

MIXED, FEW = "mixed classes", "few classes"
BN, BRN = "BN", "BRN"


@dataclass(frozen=True, kw_only=True)
class FewClasses(TunedExperiment):
    """Ioffe 2017, Section 4.4: batches of few classes.

    Paper      "Batch Renormalization", arXiv 1702.03275, Inception-v3 on ImageNet: where a batch
               holds two examples of each of 16 classes, BN reaches 67.0 % and batch
               renormalization (BRN) 78.5 %, as much as BN with mixed batches (78.3 %).
    Claims     With few classes in a batch BRN is more than two points above BN; with mixed batches
               they are within one point of each other.
    Control    BN loses two points or more by few classes: else "no power here".
    Ours       Digits of 8x8 pixels, six dense layers, batches of 32: 16 examples of each of two
               classes, against mixed ones. (Two layers and four classes: BN loses nothing.)
               Moving averages of momentum 0.99; BRN's bounds open from a tenth to four tenths of
               training. Rates chosen for each arm on a held-out part of the training set, by
               seeds of their own.
    Cost       84 runs, 2 CPU minutes.
    Command    python -m benchmarks run ioffe2017.few_classes --out results
    """

    seeds: int = option(9, "paired seeds, fixed before the first run", least=1, most=10_000)
    model: str = option("mlp:depth=6,width=64", "model")
    batch: int = option(32, "examples a step", least=2)
    classes: int = option(2, "of a batch; a divisor of it", least=1, most=10)
    steps: int = option(1500, "of each run", least=10)
    arms: ClassVar = {
        f"{arm}, {batches}": spec
        for batches in (MIXED, FEW)
        for arm, spec in ((BN, "batch"), (BRN, "renorm"))
    }

    def run(self, arm: str, rate: float) -> Run:
        spec = self.arms[arm]
        if spec == "renorm":
            opens, open_ = self.steps // 10, self.steps * 4 // 10
            spec += f":warmup_steps={opens},r_max_steps={open_},d_max_steps={open_}"
        run = Run(model=self.model, normalizer=spec, learning_rate=rate, batch=self.batch,
                  steps=self.steps, evaluate_every=max(1, self.steps // self.points),
                  keep_predictions=True)  # fmt: skip
        return run if arm.endswith(MIXED) else with_data(run, f"batch_classes={self.classes}")

    def plan(self):
        if self.batch % self.classes:
            raise self.invalid("classes", f"write a divisor of batch={self.batch}")
        yield from super().plan()

    def claims(self, found):
        of = {arm: found[arm].final() for arm in self.arms}
        few = {arm: of[f"{arm}, {FEW}"] for arm in (BN, BRN)}
        mixed = {arm: of[f"{arm}, {MIXED}"] for arm in (BN, BRN)}
        lost = mixed[BN] - few[BN]
        yield Claim("Where batches hold few classes, BRN beats BN.", few[BRN] - few[BN] > 0.02,
                    paper="78.5 | 67.0 %", target="brn17-noniid", control=lost >= 0.02)  # fmt: skip
        yield Claim("Where batches are mixed, they are equal.", abs(mixed[BRN] - mixed[BN]) < 0.01,
                    paper="78.5 | 78.3 %", target="brn17-noniid")  # fmt: skip
        yield Claim("BN loses by few classes.", lost > 0.02, paper="11.3 points")
