"""Lubana et al. 2021, Figure 5: similarity at initialization against training speed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.bjorck2018.reading import shown
from benchmarks.lubana2021.drawings import look
from benchmarks.lubana2021.fits import spearman
from benchmarks.lubana2021.networks import ACTIVATIONS
from benchmarks.lubana2021.readings import early, measures
from benchmarks.lubana2021.training import TrainingExperiment
from keras_norms.lab.claim import Claim
from keras_norms.lab.options import option
from keras_norms.lab.quantity import Quantity
from keras_norms.lab.report.figures import Figure, drawing
from keras_norms.lab.report.tables import Table

NETWORKS = ("cfg_10", "cfg_20")


@dataclass(frozen=True, kw_only=True)
class SimilarityAndSpeed(TrainingExperiment):
    """Lubana et al. 2021, Figure 5: similarity at initialization against training speed.

    Paper      arXiv 2106.05956, Figure 5: over normalizers and networks without shortcuts the mean
               training accuracy falls with the cosine similarity of the penultimate activations at
               initialization.
    Claims     Spearman's correlation over eight normalizers of activations and two depths, a seed
               a correlation, is below -0.4.
    Ours       cfg_10 and cfg_20 of width 8 on a tenth of CIFAR-10; the mean training accuracy of
               the first 150 steps, at a rate of 0.1. The runs are those of the training curves.
    Cost       96 runs, 20 CPU minutes, which the training curves share.
    Command    python -m benchmarks run lubana2021.similarity_and_speed --out results
    """

    first: int = option(150, "steps whose accuracy is averaged", least=1, gpu=1500)

    def plan(self):
        if self.first > self.steps:
            raise self.invalid("first", f"write at most the run's steps={self.steps}")
        yield {f"{arm}, {network}": self.trained(network, arm)
               for network in NETWORKS for arm in ACTIVATIONS}  # fmt: skip

    def claims(self, found):
        cosines = [measures(group)["similarity"].values for group in found.groups().values()]
        speeds = [early(group, self.first).values for group in found.groups().values()]
        values = {seed: spearman([one[seed] for one in cosines], [one[seed] for one in speeds])
                  for seed in self.seed_range()}  # fmt: skip
        yield Claim("The more similar the activations at initialization, the slower the training.",
                    Quantity("Spearman(cosine, mean training accuracy)", values) < -0.4,
                    paper="negative", target="lubana21-corr")  # fmt: skip

    def tables(self, found):
        rows = [{"network": name, "cosine at initialization": shown(measures(group)["similarity"]),
                 "mean training accuracy": shown(early(group, self.first))}
                for name, group in found.groups().items()]  # fmt: skip
        yield Table(f"{self.name()}-values", pd.DataFrame(rows), "Medians over seeds.")

    def figures(self, found):
        figure = Figure(self.name(), found.folder, "Mean training accuracy of the first "
                        f"{self.first} steps by similarity at initialization; full: 10 layers, "
                        "open: 20; medians over seeds.")  # fmt: skip
        with drawing(figure) as axis:
            for name, group in found.groups().items():
                arm, _, network = name.partition(", ")
                style, deep = look(arm), network == NETWORKS[-1]
                x = np.median([*measures(group)["similarity"].values.values()])
                y = np.median([*early(group, self.first).values.values()])
                axis.plot(x, y, style["marker"], color=style["color"], ms=8,
                          mfc="none" if deep else style["color"],
                          label=None if deep else arm)  # fmt: skip
            axis.set(xlabel="mean cosine at initialization", ylabel="mean training accuracy")
            axis.legend(ncols=2)
        yield figure
