"""Santurkar et al. 2018, Figure 1: VGG with and without batch normalization."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from benchmarks.bjorck2018.drawings import draw_training
from benchmarks.santurkar2018.networks import BN, NONE, VggExperiment
from keras_norms.lab.claim import Claim
from keras_norms.lab.found import steps_ratio
from keras_norms.lab.report.claims import interval_text
from keras_norms.lab.report.figures import Figure
from keras_norms.lab.report.tables import Table, percent

SLOW = f"{NONE}, a tenth of the rate"
LEVEL = 0.3  # test accuracy that both are to reach


@dataclass(frozen=True, kw_only=True)
class Training(VggExperiment):
    """Santurkar et al. 2018, Figure 1: VGG with and without batch normalization.

    Paper      "How Does Batch Normalization Help Optimization?", arXiv 1805.11604: VGG on CIFAR-10
               without augmentation reaches a test accuracy of 83 % with BN and of 80 % without.
    Claims     BN is more accurate on the test set, and is at 30 % in fewer steps.
    Control    A tenth of the learning rate costs the network without BN two points or more.
    Ours       VGG-8 of width 8, 10,000 images of CIFAR-10 at 16x16 pixels, batch 64, 300 steps: far
               from convergence, so that the gain is that of faster training. Each arm at the rate
               of its best validation accuracy (two other seeds). --scale gpu: the paper's network.
    Cost       18 runs beside those of lp_norms, 1 CPU minute.
    Command    python -m benchmarks run santurkar2018.training --out results
    """

    def plan(self):
        rates = yield from self.chosen((NONE, BN))
        arms = {**rates, SLOW: rates[NONE] / 10}
        yield {name: self.paired(self.run(NONE if name == SLOW else name, rate))
               for name, rate in arms.items()}  # fmt: skip

    def claims(self, found):
        test = {arm: found[arm].final() for arm in (NONE, BN, SLOW)}
        power = {"control": test[NONE] - test[SLOW] > 0.02, "target": "santurkar18-fig1"}
        yield Claim("With BN the network is more accurate.", test[BN] - test[NONE] > 0,
                    paper="83 > 80 %", **power)  # fmt: skip
        yield Claim("With BN it is there in fewer steps.",
                    steps_ratio(found[NONE], found[BN], LEVEL) > 1, paper="faster",
                    **power)  # fmt: skip

    def tables(self, found):
        rows = [{"network": arm, "learning rate": f"{found[arm].jobs[0].learning_rate:g}",
                 **{words: interval_text([one.final(column) for one in found[arm]], percent)
                    for column, words in (("train_accuracy", "training accuracy"),
                                          ("test_accuracy", "test accuracy"))}}
                for arm in (NONE, BN, SLOW)]  # fmt: skip
        yield Table(f"{self.name()}-ends", pd.DataFrame(rows),
                    "At the end of training: medians over seeds.")  # fmt: skip

    def figures(self, found):
        figure = Figure(self.name(), found.folder, "Accuracy over the share of training that is "
                        "done: median over seeds, band over all.")  # fmt: skip
        yield draw_training(figure, {arm: found[arm] for arm in (BN, NONE, SLOW)})
