"""Accuracy by batch size at equal epochs: the small-batch claims of seven papers in one study."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.accuracy_by_batch import batch_table, draw_batches
from keras_norms.lab.claim import Claim
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.inequality import all_of
from keras_norms.lab.options import RATE, option
from keras_norms.lab.quantity import Quantity
from keras_norms.lab.training import Run
from keras_norms.lab.tuning import best_rate, on_validation, swept

RENORM = "renorm:momentum=0.9,warmup_steps=100,r_max_steps=400,d_max_steps=400"
ARMS = {
    "BN": "batch:momentum=0.9", "GN": "group:groups=4", "LN": "layer", "none": "none",
    "LN+PN": "proxy(layer)", "GBN": "ghost:momentum=0.9,virtual_batch_size=16", "BRN": RENORM,
    "CBN": "cross_iteration:momentum=0.9", "BGN": "batch_group:momentum=0.9",
    "IEBN": "instance_enhancement:momentum=0.9", "FRN": "filter_response",
    "B0": "evonorm_b0:momentum=0.9", "S0": "evonorm_s0:groups=4",
}  # fmt: skip
REFERENCE = 32  # the batch size that the learning rate is chosen at


@dataclass(frozen=True, kw_only=True)
class SmallBatch(Experiment):
    """Accuracy by batch size at equal epochs: the small-batch claims of seven papers in one study.

    Papers     Wu & He 2018, Ioffe 2017, Yao et al. 2021, Zhou et al. 2020, Labatie et al. 2021,
               Singh & Krishnan 2020, Liu et al. 2020; beside them Hoffer et al. 2017 and Liang et
               al. 2020.
    Claims     Batch normalization loses accuracy as batches shrink; what takes no statistics of
               the batch does not; its own kind made for small batches loses less.
    Control    Every claim needs BN to lose two points from batch 32 to batch 2: else "no power".
    Ours       Digits of 4x4 pixels, eight plain convolutions whose last maps are single values, so
               that BN has as many values a channel as examples; on 8x8 maps BN does not fail at
               batch 2. Rates in proportion to the batch, chosen for each arm at batch 32 on a
               held-out part of the training set, by seeds of their own. BGN has one group.
    Cost       About 2 CPU hours; not run yet.
    Command    python -m benchmarks run small_batch --out results
    """

    seeds: int = option(6, "paired seeds, fixed before the first run", least=1, most=10_000)
    data: str = option("digits:size=4", "data set")
    model: str = option("plain:depth=8,width=16", "model")
    examples: int = option(1400, "images of an epoch, by which steps are counted", least=512)
    epochs: int = option(10, "of every run", least=1)
    batches: tuple[int, ...] = option((2, 4, 8, 32, 128), "sizes; 2, 4 and 32 among them", least=2)
    rates: tuple[float, ...] = option((0.03, 0.1, 0.3), "learning rates at batch 32", **RATE)

    def run(self, arm: str, batch: int, rate: float) -> Run:
        steps = max(1, self.epochs * self.examples // batch)
        return Run(model=self.model, data=self.data, normalizer=ARMS[arm], batch=batch, steps=steps,
                   learning_rate=rate * batch / REFERENCE, evaluate_every=max(1, steps // 10),
                   keep_predictions=True)  # fmt: skip

    def plan(self):
        if not {2, 4, REFERENCE} <= set(self.batches):
            raise self.invalid("batches", f"write 2, 4 and {REFERENCE} among them: claims compare")
        found = yield {swept(arm, rate): self.tuning(on_validation(self.run(arm, REFERENCE, rate)))
                       for arm in ARMS for rate in self.rates}  # fmt: skip
        best = {arm: best_rate({r: found[swept(arm, r)] for r in self.rates}) for arm in ARMS}
        yield {f"{arm}, {batch}": self.paired(self.run(arm, batch, best[arm]))
               for arm in ARMS for batch in self.batches}  # fmt: skip

    def claims(self, found):
        of = {(arm, b): found[f"{arm}, {b}"].final() for arm in ARMS for b in self.batches}
        lost = {arm: of[arm, REFERENCE] - of[arm, 2] for arm in ARMS}
        power = {"control": lost["BN"] >= 0.02}
        yield Claim("GN keeps at batch 2 what BN loses.",
                    all_of(lost["BN"] > 3 * (abs(lost["GN"]) + 0.003), of["GN", 2] > of["BN", 2]),
                    paper="0.1 | 11.1 points", target="gn18-batch", **power)  # fmt: skip
        for arm, target in {
            "FRN": "frn20-batch", "B0": "evonorm20-batch", "S0": "evonorm20-batch",
        }.items():  # fmt: skip
            yield Claim(f"{arm} varies over batch sizes less than a third as much as BN.",
                        self.spread(of, arm) < self.spread(of, "BN") / 3, paper="flat",
                        target=target, **power)  # fmt: skip
        for arm, batch, more, paper, target in (
            ("S0", 2, 0.0, "+7.8 points", "evonorm20-batch"),
            ("BRN", 4, 0.0, "+2.3 points", "brn17-small"),
            ("CBN", 4, 0.0, "+4.5 points", "cbn20-small"),
            ("BGN", 2, 0.01, "+9.6 points", "bgn20-batch"),
        ):  # fmt: skip
            beats = of[arm, batch] - of["BN", batch] > more
            yield Claim(f"{arm} beats BN at batch {batch}.", beats, paper, target, **power)
        yield Claim("A proxy helps LN.", of["LN+PN", REFERENCE] > of["LN", REFERENCE],
                    paper="better", target="pn21-acc")  # fmt: skip

    def spread(self, of, arm: str) -> Quantity:
        every = [of[arm, batch].values for batch in self.batches]
        values = {seed: max(v[seed] for v in every) - min(v[seed] for v in every)
                  for seed in every[0]}  # fmt: skip
        return Quantity(f"spread of the accuracy ({arm})", values)

    def tables(self, found):
        yield batch_table(f"{self.name()}-accuracy", found, ARMS, self.batches)

    def figures(self, found):
        yield draw_batches(self.name(), found, ARMS, self.batches)
