"""Bjorck et al. 2018, Section 3.2: what is learned, by the noise of a step."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from benchmarks.bjorck2018.networks import BATCH, NetworkExperiment
from benchmarks.bjorck2018.reading import ends, shown
from keras_norms.lab.claim import Claim
from keras_norms.lab.found import Group
from keras_norms.lab.options import RATE, option
from keras_norms.lab.quantity import Quantity
from keras_norms.lab.report.tables import Table

NOISE, STEP = "equal a²/b", "equal a"


@dataclass(frozen=True, kw_only=True)
class NoiseInTraining(NetworkExperiment):
    """Bjorck et al. 2018, Section 3.2: what is learned, by the noise of a step.

    Paper      arXiv 1806.02375, Section 3.2 and appendix: by the bound a^2 C / b a batch of a k-th
               of the size does what a rate of sqrt(k) times does, and it is the noise that makes
               networks generalize.
    Claim      Among batch sizes with equal a^2 / b the generalization gap, training minus test
               accuracy, varies less by 1.5 points or more than among those with equal a.
    Ours       ResNet-20 of width 8 with BN on 1,000 images of 16x16 pixels, 2,000 to test on, 160
               epochs each, rates divided by ten at 50 and 75 %. A soft claim.
    Cost       45 runs, an hour of CPU time.
    Command    python -m benchmarks run bjorck2018.noise_in_training --out results
    """

    examples: int = option(1000, "images to train on, drawn once", least=1, gpu=50_000)
    test_examples: int = option(2000, "images to test on", least=1, gpu=10_000)
    size: int = option(16, "pixels of a side", least=1, gpu=32)
    depth: int = option(20, "layers of the network, 6 n + 2", least=8, gpu=56)
    width: int = option(8, "channels of the first stage", least=1, gpu=16)
    batch: int = option(64, "examples a step, between those compared", least=4)
    times: int = option(4, "by which batches are smaller and larger", least=2)
    rate: float = option(0.05, "learning rate at --batch", **RATE)
    epochs: int = option(160, "of each run", least=1)

    def plan(self):
        if self.examples < self.batch * self.times:
            raise self.invalid("examples", f"write at least {self.batch * self.times}, one batch")
        yield {name: self.paired(self.one(*arm)) for name, arm in self.arms().items()}

    def arms(self) -> dict[str, tuple[int, float]]:
        """By name the batch size and the rate."""
        found = {"middle": (self.batch, self.rate)}
        for batch in (self.batch // self.times, self.batch * self.times):
            found[f"{NOISE}, b = {batch}"] = batch, self.rate * (batch / self.batch) ** 0.5
            found[f"{STEP}, b = {batch}"] = batch, self.rate
        return found

    def one(self, batch: int, rate: float):
        steps = self.epochs * (self.examples // batch)
        data = f"{self.data}:examples={self.examples},test_examples={self.test_examples}"
        return self.trained(BATCH, rate, batch=batch, steps=steps,
                            data=f"{data},size={self.size},flip=true,crop={self.size // 8}",
                            schedule="piecewise:at=(0.5,0.75)",
                            evaluate_every=max(1, steps // 20))  # fmt: skip

    def spread(self, found, kind: str) -> Quantity:
        """The largest gap less the smallest, among the middle and two others."""
        gaps = [gap(found[name]) for name in self.arms() if name.startswith((kind + ",", "middle"))]
        values = {seed: [one.values[seed] for one in gaps] for seed in gaps[0].values}
        apart = {seed: max(many) - min(many) for seed, many in values.items()}
        return Quantity(f"spread of the gap ({kind})", apart)

    def claims(self, found):
        yield Claim("Gaps are alike where a²/b is, more than where the rate is.",
                    self.spread(found, STEP) - self.spread(found, NOISE) > 0.015,
                    paper="equal noise, equal effect", target="bjorck18-batch")  # fmt: skip

    def tables(self, found):
        rows = [
            {"arm": name, "batch": batch, "rate": f"{rate:g}", "gap": shown(gap(found[name])),
             "test accuracy": shown(found[name].final()), "ends": ends(found[name])}
            for name, (batch, rate) in self.arms().items()
        ]  # fmt: skip
        yield Table(f"{self.name()}-gaps", pd.DataFrame(rows), "Medians over seeds.")


def gap(group: Group) -> Quantity:
    """Training minus test accuracy at the end."""
    return group.final("train_accuracy") - group.final()
