"""Accuracy by batch size at equal epochs: the small-batch claims of eight papers in one study."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from benchmarks.accuracy_by_batch import batch_table, draw_batches, spread
from benchmarks.small_batch_arms import ARMS
from keras_norms.lab.claim import Claim
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.inequality import all_of
from keras_norms.lab.options import RATE, option
from keras_norms.lab.training import Run
from keras_norms.lab.tuning import best_rate, on_validation, swept

REFERENCE, LEARNED = 32, 0.5  # the batch at which rates are chosen; accuracy, of ten classes


@dataclass(frozen=True, kw_only=True)
class SmallBatch(Experiment):
    """Accuracy by batch size at equal epochs: the small-batch claims of eight papers in one study.

    Papers     wu2018, ioffe2017, yao2021, zhou2020, labatie2021, singh2020, liu2020, liang2020.
    Claims     As batches shrink BN loses accuracy, its own kind made for small batches less, and
               what takes no statistics of the batch none.
    Control    BN loses two points from batch 32 to batch 2 and the arm itself learns more than half
               of the images: else "no power here".
    Ours       Digits of 4x4 pixels, five plain convolutions, the last map a single value: on 8x8
               maps BN does not fail. Rates in proportion to the batch, chosen for each arm at batch
               32 on a held-out part of the training set by seeds of their own. Moving averages span
               equal numbers of examples. BGN has one group; FRN learns its epsilon.
    Cost       324 runs on JAX, 7 CPU minutes, most of them compilation.
    Command    KERAS_BACKEND=jax python -m benchmarks run small_batch --out results
    """

    arms: ClassVar = ARMS
    compared: ClassVar = (2, 4, REFERENCE)
    seeds: int = option(6, "paired seeds, fixed before the first run", least=1, most=10_000)
    data: str = option("digits:size=4", "data set")
    model: str = option("plain:depth=6,width=8", "model")
    examples: int = option(1400, "images of an epoch, by which steps are counted", least=512)
    epochs: int = option(10, "of every run", least=1)
    batches: tuple[int, ...] = option((2, 4, 32), "sizes; 2, 4 and 32 among them", least=2)
    rates: tuple[float, ...] = option((0.03, 0.1, 0.3), "learning rates at batch 32", **RATE)

    def run(self, arm: str, batch: int, rate: float) -> Run:
        steps = max(1, self.epochs * self.examples // batch)
        momentum = max(0.0, 1 - 0.1 * batch / REFERENCE)
        return Run(model=self.model, data=self.data, batch=batch, steps=steps,
                   normalizer=self.arms[arm].format(momentum=f"{momentum:g}"),
                   learning_rate=rate * batch / REFERENCE, evaluate_every=max(1, steps // 10),
                   keep_predictions=True)  # fmt: skip

    def plan(self):
        if missing := [b for b in self.compared if b not in self.batches]:
            raise self.invalid("batches", f"write {missing[0]} among them: claims compare")
        found = yield {swept(arm, rate): self.tuning(on_validation(self.run(arm, REFERENCE, rate)))
                       for arm in self.arms for rate in self.rates}  # fmt: skip
        best = {arm: best_rate({r: found[swept(arm, r)] for r in self.rates}) for arm in self.arms}
        yield {f"{arm}, {batch}": self.paired(self.run(arm, batch, best[arm]))
               for arm in self.arms for batch in self.batches}  # fmt: skip

    def claims(self, found):
        of = {(arm, b): found[f"{arm}, {b}"].final() for arm in self.arms for b in self.batches}
        fails = of["BN", REFERENCE] - of["BN", 2]

        def judged(sentence, holds, arm, paper, target):
            control = all_of(fails >= 0.02, of[arm, REFERENCE] > LEARNED)
            return Claim(sentence, holds, paper, target, control)

        keeps = all_of(fails > 3 * (abs(of["GN", REFERENCE] - of["GN", 2]) + 0.003),
                       of["GN", 2] > of["BN", 2])  # fmt: skip
        yield judged("GN keeps what BN loses.", keeps, "GN", "0.1 | 11.1 points", "gn18-batch")
        small = [batch for batch in self.batches if batch <= REFERENCE]
        for arm, paper in {"FRN": "frn20", "B0": "evonorm20", "S0": "evonorm20"}.items():
            flat = spread(found, arm, small) < spread(found, "BN", small) / 3
            said = f"From batch 2 to 32 {arm} varies less than a third as much as BN."
            yield judged(said, flat, arm, "flat", f"{paper}-batch")
        for arm, batch, more, paper, target in (
            ("S0", 2, 0, "+7.8 points", "evonorm20-batch"),
            ("BRN", 4, 0, "+2.3 points", "brn17-small"),
            ("CBN", 4, 0, "+4.5 points", "cbn20-small"),
            ("BGN", 2, 0.01, "+9.6 points", "bgn20-batch"),
        ):  # fmt: skip
            beats = of[arm, batch] - of["BN", batch] > more
            yield judged(f"{arm} beats BN at batch {batch}.", beats, arm, paper, target)
        for arm, than, *told in (("LN+PN", "LN", "better", "pn21-acc"),
                                 ("IEBN", "BN", "+2.8 points", "iebn20-acc")):  # fmt: skip
            yield Claim(f"{arm} beats {than}.", of[arm, REFERENCE] > of[than, REFERENCE], *told)

    def tables(self, found):
        yield batch_table(f"{self.name()}-accuracy", found, self.arms, self.batches)

    def figures(self, found):
        yield draw_batches(self.name(), found, self.arms, self.batches)
