"""Bjorck et al. 2018, Figure 1: accuracy by learning rate, with and without normalization."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import pandas as pd

from benchmarks.bjorck2018.drawings import COLUMNS, draw_training
from benchmarks.bjorck2018.full_size import at_full_size
from benchmarks.bjorck2018.networks import BATCH, WITH, WITHOUT, NetworkExperiment
from benchmarks.bjorck2018.reading import LEARNED, ends
from keras_norms.lab.claim import Claim
from keras_norms.lab.inequality import all_of
from keras_norms.lab.options import RATE, option
from keras_norms.lab.report.claims import interval_text
from keras_norms.lab.report.figures import Figure
from keras_norms.lab.report.tables import Table, percent


@dataclass(frozen=True, kw_only=True)
class AccuracyByRate(NetworkExperiment):
    """Bjorck et al. 2018, Figure 1: accuracy by learning rate, with and without normalization.

    Paper      arXiv 1806.02375, ResNet-110 on CIFAR-10, test accuracy: with BN 93.2 % at a rate of
               0.1, 90.4 % at 0.003, 81.3 % at 0.0001; none 82.0 %; in training 99.6 % or more.
    Claims     Where all arms with BN have learned 99 % of the training images, the test accuracy
               falls with the rate; at the lowest rate BN has less than a quarter of the whole gain.
    Ours       ResNet-20 of width 8 on 1,000 images of 16x16 pixels, 2,000 to test on, batch 64,
               rates 0.1, 0.02 and 0.004, a tenth after 50 and 75 % of 160 epochs, 600 without BN.
               Flips, no crops (--crop 2: no arm learns 99 %). --scale gpu: the paper's set-up.
    Rival      That none learns for longer: with --epochs-without 160 it has 36.3 % [33.3, 38.5].
    Cost       36 runs, 50 CPU minutes.
    Command    python -m benchmarks run bjorck2018.accuracy_by_rate --out results
    """

    examples: int = option(1000, "images to train on, drawn once", least=1, gpu=50_000)
    test_examples: int = option(2000, "images to test on", least=1, gpu=10_000)
    size: int = option(16, "pixels of a side", least=1, gpu=32)
    crop: int = option(0, "pixels of padding that crops move in", least=0, gpu=4)
    depth: int = option(20, "layers of the network, 6 n + 2", least=8, gpu=110)
    width: int = option(8, "channels of the first stage", least=1, gpu=16)
    batch: int = option(64, "examples a step", least=1, gpu=128)
    rates: tuple[float, ...] = option((0.1, 0.02, 0.004), "with BN", gpu=(0.1, 0.003, 1e-4), **RATE)
    epochs: int = option(160, "with BN", least=1, gpu=165)
    epochs_without: int = option(600, "without BN", least=1, gpu=600)
    points: int = option(20, "evaluations of a run", least=1)

    def plan(self):
        if len(self.rates) < 2:
            raise self.invalid("rates", "write two rates or more, to compare")
        if self.examples < self.batch:
            raise self.invalid("examples", f"write at least a batch of them, {self.batch}")
        yield {name: self.paired(self.one(name, rate)) for name, rate in self.arms().items()}

    def arms(self) -> dict[str, float]:
        """By name the rate of each arm, the highest first; without BN the lowest."""
        pairs = [(WITH, rate) for rate in sorted(self.rates, reverse=True)]
        return {f"{arm}, {rate:g}": rate for arm, rate in [*pairs, (WITHOUT, min(self.rates))]}

    def one(self, name: str, rate: float):
        plain = name.startswith(WITHOUT)
        steps = (self.epochs_without if plain else self.epochs) * (self.examples // self.batch)
        data = f"{self.data}:examples={self.examples},test_examples={self.test_examples},flip=true"
        return self.trained("none" if plain else BATCH, rate, steps=steps,
                            data=f"{data},size={self.size},crop={self.crop}",
                            schedule="piecewise:at=(0.5,0.75)", keep_predictions=True,
                            evaluate_every=max(1, steps // self.points))  # fmt: skip

    def claims(self, found):
        *with_bn, plain = self.arms()
        test = {name: found[name].final() for name in self.arms()}
        learned = {name: found[name].final("train_accuracy") >= LEARNED for name in self.arms()}
        fig1 = {"target": "bjorck18-fig1", "control": all_of(*(learned[name] for name in with_bn))}
        yield Claim("With BN the test accuracy falls with the learning rate.",
                    all_of(*(test[high] > test[low] for high, low in pairwise(with_bn))),
                    paper="93.2 > 90.4 > 81.3 %", **fig1)  # fmt: skip
        yield Claim("At the lowest rate BN gains less than a quarter of what it gains in all.",
                    abs(test[with_bn[-1]] - test[plain]) < 0.25 * (test[with_bn[0]] - test[plain]),
                    paper="0.7 of 11.2 points", **fig1)  # fmt: skip
        yield Claim("All arms learn 99 % of the training images.", all_of(*learned.values()),
                    paper="99.6 % or more", target="bjorck18-fig1")  # fmt: skip
        yield from at_full_size(self, test[with_bn[0]], test[plain])

    def tables(self, found):
        rows = []
        for name in self.arms():
            reached = {words: interval_text([one.final(column) for one in found[name]], percent)
                       for column, words in COLUMNS.items()}  # fmt: skip
            rows.append({"network": name, "steps": found[name][0].run.steps, **reached,
                         "ends": ends(found[name])})  # fmt: skip
        said = "At the end of training: median over seeds with its interval."
        yield Table(f"{self.name()}-ends", pd.DataFrame(rows), said)

    def figures(self, found):
        said = "Accuracy over the share of training that is done: median over seeds, band over all."
        figure = Figure(self.name(), found.folder, said)
        yield draw_training(figure, {name: found[name] for name in self.arms()})
