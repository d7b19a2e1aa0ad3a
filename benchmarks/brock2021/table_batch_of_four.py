"""Brock et al. 2021: a normalizer-free network in batches of four, and with clipping."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from benchmarks.tuned import TunedExperiment
from keras_norms.lab.claim import Claim
from keras_norms.lab.options import RATE, option
from keras_norms.lab.quantity import Quantity
from keras_norms.lab.report.figures import Figure, colour, drawing
from keras_norms.lab.training import Run

BN, NF, AGC, LARGE = "BN", "NF", "NF, clipped", "BN, batch 32"
TRAINS = 0.5  # test accuracy, of ten classes
SCALED, BATCH = "sws", "batch"


@dataclass(frozen=True, kw_only=True)
class BatchOfFour(TunedExperiment):
    """Brock et al. 2021: a normalizer-free network in batches of four, and with clipping.

    Papers     arXiv 2101.08692: with batches of four on ImageNet a normalizer-free ResNet (NF)
               reaches 69.9 %, with BN 55.7 %. arXiv 2102.06171: clipping gradients unit by unit
               (AGC) lets NF train at larger rates.
    Claims     In batches of four the test accuracy of NF with AGC is above that of BN. The largest
               rate at which NF trains (to half of the test images) is more than twice as large with
               AGC.
    Control    BN loses two points or more from batches of 32 to four: else "no power here" for the
               first claim.
    Ours       Residual networks of eight layers and width 8, the NF one with scaled weight
               standardization; digits of 4x4 pixels, whose last maps are single values; 5 epochs
               of SGD, AGC at 0.08. Rates from 0.03 to 10, the best of each arm chosen on a held-out
               part of the training set by seeds of their own.
    Cost       168 runs on JAX, 3 CPU minutes, half of them compilation.
    Command    KERAS_BACKEND=jax python -m benchmarks run brock2021.batch_of_four --out results
    """

    seeds: int = option(6, "paired seeds, fixed before the first run", least=1, most=10_000)
    data: str = option("digits:size=4", "data set")
    batch: int = option(4, "examples a step, but for the last arm", least=1, most=31)
    examples: int = option(1400, "images of an epoch, by which steps are counted", least=32)
    epochs: int = option(5, "of every run", least=1)
    clipping: float = option(0.08, "largest ratio of a unit's gradient to its weights", **RATE)
    rates: tuple[float, ...] = option((0.03, 0.1, 0.3, 1, 3, 10), "tried", **RATE)
    points: int = option(10, "evaluations of a run", least=1)
    arms: ClassVar = {BN: BATCH, NF: SCALED, AGC: SCALED, LARGE: BATCH}

    def run(self, arm: str, rate: float) -> Run:
        batch = 32 if arm == LARGE else self.batch
        steps, free = self.epochs * self.examples // batch, self.arms[arm] == SCALED
        clipped = f"@benchmarks.brock2021.clipped.clipped_sgd:clipping={self.clipping:g}"
        return Run(model=f"{'normalizer_free' if free else 'preactivation_resnet'}:depth=8,width=8",
                   normalizer=SCALED if free else f"batch:momentum={1 - batch / 320:g}",
                   data=self.data, batch=batch, steps=steps, learning_rate=rate,
                   optimizer=clipped if arm == AGC else "sgd",
                   evaluate_every=max(1, steps // self.points), keep_predictions=True)  # fmt: skip

    def plan(self):
        yield from super().plan()
        yield {self.at_rate(arm, rate): self.paired(self.run(arm, rate))
               for arm in (NF, AGC) for rate in self.rates}  # fmt: skip

    def at_rate(self, arm: str, rate: float) -> str:
        return f"{arm}, {rate:g}"

    def largest(self, found, arm: str) -> Quantity:
        """The largest rate of each seed that trains; below the grid where none does."""
        values = dict.fromkeys(self.seed_range(), min(self.rates) / 10)
        for rate in sorted(self.rates):
            test = found[self.at_rate(arm, rate)].final().values
            values |= {seed: rate for seed, right in test.items() if right >= TRAINS}
        return Quantity(f"largest rate that trains ({arm})", values)

    def claims(self, found):
        test = {arm: found[arm].final() for arm in self.arms}
        target = {"target": "nf21-batch"}
        yield Claim("In batches of four NF with clipping beats BN.", test[AGC] > test[BN],
                    paper="69.9 | 55.7 %", control=test[LARGE] - test[BN] >= 0.02,
                    **target)  # fmt: skip
        yield Claim("With clipping NF bears rates more than twice as large.",
                    self.largest(found, AGC) / self.largest(found, NF) > 2, paper="larger",
                    **target)  # fmt: skip

    def figures(self, found):
        figure = Figure(self.name(), found.folder, "Test accuracy by learning rate, batches of "
                        "four: median over seeds.")  # fmt: skip
        rates = sorted(self.rates)
        with drawing(figure) as axis:
            for arm, line, hue in ((NF, ":", colour("none")), (AGC, "--", colour(SCALED))):
                middle = [found[self.at_rate(arm, rate)].final().estimate for rate in rates]
                axis.plot(rates, middle, line, marker="o", label=arm, color=hue)
            axis.axhline(found[BN].final().estimate, color=colour(BATCH), label="BN at its best")
            axis.set(xscale="log", xlabel="learning rate", ylabel="test accuracy", ylim=(0, 1))
            axis.legend()
        yield figure
