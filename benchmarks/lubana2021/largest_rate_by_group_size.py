"""Lubana et al. 2021, claim (iii): speed against stability by group size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.bjorck2018.reading import ends, shown
from benchmarks.lubana2021.drawings import look
from benchmarks.lubana2021.edges import GroupEdgeExperiment
from benchmarks.lubana2021.fits import spearman
from benchmarks.lubana2021.readings import early
from keras_norms.lab.claim import Claim
from keras_norms.lab.inequality import all_of
from keras_norms.lab.options import option
from keras_norms.lab.quantity import Quantity
from keras_norms.lab.report.figures import Figure, drawing
from keras_norms.lab.report.tables import Table

SHARE = 1 / 3  # of the smallest of the largest rates: there all sizes are compared


@dataclass(frozen=True, kw_only=True)
class LargestRateByGroupSize(GroupEdgeExperiment):
    """Lubana et al. 2021, claim (iii): speed against stability by group size.

    Paper      arXiv 2106.05956: small groups keep samples apart and train fast, but their large
               gradients make them unstable: the group size trades speed against stability.
    Claims     The largest rate that trains rises with the group size (Spearman over the sizes of a
               seed above 0), from one channel to the largest; at one rate that all sizes bear, the
               mean training accuracy falls with it.
    Ours       cfg_20 of width 8 on 5,000 images of CIFAR-10, plain SGD, 150 steps, batch 64; the
               common rate is a third of the smallest median edge, on fresh seeds.
    Cost       At most 510 runs of 150 steps, 40 CPU minutes.
    Command    python -m benchmarks run lubana2021.largest_rate_by_group_size --out results
    """

    depth: int = option(20, "convolutions", choices=(10, 20, 40))

    def chains(self):
        return {"sizes": [self.network(self.depth, arm) for arm in self.sizes()]}

    def plan(self):
        if len(self.group_sizes) < 2:
            raise self.invalid("group_sizes", "write two sizes or more, to compare")
        found = yield next(super().plan())
        edges = [min(cell.trains.median, self.high) for cell in found["sizes"]]
        if rate := SHARE * min((edge for edge in edges if edge > 0), default=0.0):
            fresh = max(self.seed_range()) + 1
            yield {f"{arm}, compared": self.at_rate(cell.program, rate, fresh)
                   for arm, cell in zip(self.sizes(), found["sizes"], strict=True)}  # fmt: skip

    def by_size(self, found) -> dict:
        return dict(zip(self.sizes(), found["sizes"], strict=True))

    def correlation(self, quantities, words: str) -> Quantity:
        """Of the sizes with a quantity of each, a seed a correlation."""
        sizes, every = sorted(self.group_sizes), [one.values for one in quantities]
        return Quantity(f"Spearman(group size, {words})", {
            seed: spearman(sizes, [one[seed] for one in every]) for seed in every[0]})  # fmt: skip

    def claims(self, found):
        target = {"target": "lubana21-tradeoff"}
        rates = [self.rate(cell, arm) for arm, cell in self.by_size(found).items()]
        rises = self.correlation(rates, "largest rate") > 0
        yield Claim("The largest rate rises with the group size.",
                    all_of(rises, rates[0] < rates[-1]), **target)  # fmt: skip
        if (name := f"{self.sizes()[0]}, compared") in found:
            rate = found[name][0].run.learning_rate
            speeds = [early(found[f"{arm}, compared"], self.steps) for arm in self.sizes()]
            yield Claim(f"At a rate of {rate:g} smaller groups train faster.",
                        self.correlation(speeds, "mean training accuracy") < 0,
                        **target)  # fmt: skip

    def tables(self, found):
        yield self.rates_table(self.by_size(found))
        if f"{self.sizes()[0]}, compared" in found:
            groups = {arm: found[f"{arm}, compared"] for arm in self.sizes()}
            yield Table(f"{self.name()}-speeds", pd.DataFrame([
                {"groups": arm, "mean training accuracy": shown(early(group, self.steps)),
                 "ends": ends(group)} for arm, group in groups.items()
            ]), "At a third of the smallest of the largest rates: medians over seeds.")  # fmt: skip

    def figures(self, found):
        figure = Figure(self.name(), found.folder, "Largest rate that trains, by group size.")
        with drawing(figure) as axis:
            rates = [[*self.rate(cell, arm).values.values()]
                     for arm, cell in self.by_size(found).items()]  # fmt: skip
            sizes, shade = sorted(self.group_sizes), look("GN")["color"]
            for size, values in zip(sizes, rates, strict=True):
                axis.plot([size] * len(values), values, "o", ms=4, alpha=0.4, color=shade)
            axis.plot(sizes, [np.median(values) for values in rates], color=shade)
            axis.set(xscale="log", yscale="log", xticks=sizes, xticklabels=sizes)
            axis.set(xlabel="channels a group", ylabel="learning rate")
        yield figure
