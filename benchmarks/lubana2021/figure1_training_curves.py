"""Lubana et al. 2021, Figure 1: which normalizer fails where."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.bjorck2018.reading import ends, shown
from benchmarks.lubana2021.drawings import draw_accuracy
from benchmarks.lubana2021.networks import ACTIVATIONS, ARMS, NONE, NORMALIZERS
from benchmarks.lubana2021.readings import early, failures, trains
from benchmarks.lubana2021.training import NETWORKS, TrainingExperiment
from keras_norms.lab.claim import Claim
from keras_norms.lab.inequality import all_of
from keras_norms.lab.options import option
from keras_norms.lab.report.claims import interval_text
from keras_norms.lab.report.figures import Figure, drawing
from keras_norms.lab.report.tables import Table, percent

PLAIN, SKIPINIT = "ResNet-56", "ResNet-56, SkipInit"
SLOW = 0.5  # of the best arm's mean accuracy: below it an arm fails
WINDOW = 20  # steps that a curve is averaged over


@dataclass(frozen=True, kw_only=True)
class TrainingCurves(TrainingExperiment):
    """Lubana et al. 2021, Figure 1: which normalizer fails where.

    Paper      arXiv 2106.05956, Figure 1: ten normalizers on cfg_10, cfg_20 and ResNet-56 with and
               without SkipInit, CIFAR-100, 60 epochs: each fails on one of the four.
    Claims     Every normalizer of activations trains ResNet-56 without SkipInit; WN and none do so
               with it alone; each of the ten fails somewhere (its mean training accuracy is below
               half of the best one's) or is the slowest that does not.
    Ours       A tenth of CIFAR-10, for the residual networks at 16x16 pixels, width 8 (an eighth),
               batch 64, 300 steps of SGD with momentum 0.9 at 0.1, the last quarter at 0.01; FRN
               with warm-up. --code and --scaling inverse are the official code's departures,
               --scale gpu its sizes.
    Cost       264 runs, an hour and a half of CPU time, 25 minutes without the residual networks.
    Command    python -m benchmarks run lubana2021.training_curves --out results
    """

    networks: tuple[str, ...] = option(tuple(NETWORKS), "to train", choices=NETWORKS)

    def plan(self):
        yield {f"{arm}, {network}": self.trained(network, arm)
               for network in self.networks for arm in ARMS}  # fmt: skip

    def claims(self, found):
        target = {"target": "lubana21-fig1"}
        if PLAIN in self.networks:
            yield Claim("Normalizers of activations all train without SkipInit.",
                        all_of(*(trains(found[f"{arm}, {PLAIN}"]) > 0.5 for arm in ACTIVATIONS)),
                        **target)  # fmt: skip
        if {PLAIN, SKIPINIT} <= {*self.networks}:
            yield Claim("WN and none train with SkipInit alone.", all_of(
                *(trains(found[f"{arm}, {PLAIN}"]) < 0.5 for arm in ("WN", NONE)),
                *(trains(found[f"{arm}, {SKIPINIT}"]) > 0.5 for arm in ("WN", NONE))),
                **target)  # fmt: skip
        rows = [{arm: early(found[f"{arm}, {network}"], self.steps) for arm in NORMALIZERS}
                for network in self.networks]  # fmt: skip
        yield Claim("Every normalizer fails or is slowest somewhere.",
                    failures(rows, SLOW) >= len(NORMALIZERS), paper="all ten",
                    **target)  # fmt: skip
        if PLAIN in self.networks and self.data == "cifar100":  # the paper's size
            fast = {arm: early(found[f"{arm}, {PLAIN}"], self.steps) for arm in ("BN", "GN", "LN")}
            ended = found[f"BN, {PLAIN}"].final("test_accuracy")
            yield Claim("On CIFAR-100 BN passes 55 %, as fast as GN or faster, and LN is slowest.",
                        all_of(ended > 0.55, fast["BN"] >= fast["GN"], fast["GN"] > fast["LN"]),
                        target="lubana21-full")  # fmt: skip

    def tables(self, found):
        rows = [{"network": network, "normalizer": arm,
                 "mean training accuracy": shown(early(found[f"{arm}, {network}"], self.steps)),
                 "test accuracy": interval_text([o.final("test_accuracy") for o in
                                                 found[f"{arm}, {network}"]], percent),
                 "ends": ends(found[f"{arm}, {network}"])}
                for network in self.networks for arm in ARMS]  # fmt: skip
        yield Table(f"{self.name()}-ends", pd.DataFrame(rows), "Medians over seeds.")

    def figures(self, found):
        figure = Figure(self.name(), found.folder, f"Training accuracy, mean of {WINDOW} steps and "
                        "of the seeds; a run that blew up is at zero from there on.")  # fmt: skip
        wide = len(self.networks)
        with drawing(figure, width=3.4 * wide, height=4, columns=wide) as axes:
            for axis, network in zip(np.atleast_1d(axes), self.networks, strict=True):
                for arm in ARMS:
                    draw_accuracy(axis, arm, found[f"{arm}, {network}"], self.steps, WINDOW)
                axis.set(title=network, xlabel="step")
            np.atleast_1d(axes)[0].set_ylabel("training accuracy")
            np.atleast_1d(axes)[0].legend(ncols=2, fontsize=7)
        yield figure
