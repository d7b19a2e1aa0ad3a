"""Lubana et al. 2021, claim (iii): gradients by layer and group size."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from benchmarks.bjorck2018.reading import seen, shown
from benchmarks.lubana2021.drawings import draw_by_size, draw_layers
from benchmarks.lubana2021.networks import LINEAR, GroupSizeExperiment, answer, spec_of
from keras_norms.lab.claim import Claim
from keras_norms.lab.inequality import all_of
from keras_norms.lab.report.figures import Figure, drawing
from keras_norms.lab.report.tables import Table

PAPERS = 4  # channels a group of the widest layer in 32 groups, here: 128 / 32


@dataclass(frozen=True, kw_only=True)
class GradientByLayer(GroupSizeExperiment):
    """Lubana et al. 2021, claim (iii): gradients by layer and group size.

    Paper      arXiv 2106.05956: a layer multiplies the backward signal by 1 / (standard deviation
               of the group), the more the smaller the groups: large gradients in early layers,
               which make instance normalization unstable.
    Claims     The norm of the gradient at the first convolution over that at the last falls with
               every doubling of the group to 16; instance normalization's is larger than with 32
               groups, and that not smaller than layer normalization's.
    Ours       cfg_20 of width 16 (a quarter), He weights, CIFAR-10, batch 32: the gradient in the
               output of each convolution, before any normalizer, over the whole batch.
    Cost       100 networks, which the similarities share.
    Command    KERAS_BACKEND=torch python -m benchmarks run lubana2021.gradient_by_layer
               --out results
    """

    def norms(self, row) -> np.ndarray:
        """Of every convolution."""
        return np.array(row["gradient"], float)[: self.depth]

    def growth(self, found, arm: str):
        def measure(row) -> float:
            return np.divide(*self.norms(row)[[0, -1]])

        return seen(found[arm], spec_of(LINEAR), measure, "first / last gradient")

    def claims(self, found):
        by = {arm: self.growth(found, arm) for arm in self.arms()}
        target = {"target": "lubana21-grad"}
        narrow = [f"size {size}" for size in sorted(self.group_sizes) if size <= self.width]
        if len(narrow) > 1:
            yield Claim("Gradients grow less towards the first layer the larger the groups.",
                        all_of(*(by[a] > by[b] for a, b in pairwise(narrow))),
                        **target)  # fmt: skip
        if {1, PAPERS} <= {*self.group_sizes}:
            small, usual = by["size 1"], by[f"size {PAPERS}"]
            yield Claim("Most with instance normalization, then groups, then layer normalization.",
                        all_of(small > usual, usual >= by["LN"]), **target)  # fmt: skip

    def tables(self, found):
        rows = []
        for arm in self.arms():
            first, last = (
                seen(found[arm], spec_of(LINEAR), lambda row, k=k: self.norms(row)[k], "norm")
                for k in (0, -1)
            )
            rows.append({"normalizer": arm, "first convolution": shown(first),
                         "last convolution": shown(last),
                         "first / last": shown(self.growth(found, arm))})  # fmt: skip
        yield Table(f"{self.name()}-norms", pd.DataFrame(rows),
                    "Gradient norms at initialization: medians over seeds.")  # fmt: skip

    def figures(self, found):
        said = "Gradient norm in the output of each convolution (left, medians over seeds), and"
        figure = Figure(self.name(), found.folder, f"{said} first over last by group size.")
        with drawing(figure, width=10, height=4.4, columns=2, shared=False) as axes:
            draw_layers(axes[0], {arm: [self.norms(rows[0]) for rows in answer(found[arm], LINEAR)]
                                  for arm in self.arms() if arm != "one group"})  # fmt: skip
            axes[0].set(yscale="log", xlabel="convolution", ylabel="gradient norm")
            axes[0].legend(ncols=2, fontsize=8)
            growths = {arm: [*self.growth(found, arm).values.values()] for arm in self.arms()}
            draw_by_size(axes[1], growths, self.group_sizes)
            axes[1].set(yscale="log", ylabel="first / last gradient norm")
        yield figure
