"""Lubana et al. 2021: do the three measures predict training better than depth alone?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.bjorck2018.reading import shown
from benchmarks.lubana2021.edges import GroupEdgeExperiment
from benchmarks.lubana2021.fits import left_out_error
from benchmarks.lubana2021.networks import NONE
from benchmarks.lubana2021.readings import early, measures
from keras_norms.lab.claim import Claim
from keras_norms.lab.options import option
from keras_norms.lab.quantity import Quantity
from keras_norms.lab.report.tables import Table

SHARE = 1 / 3  # of the smallest of the largest rates: there all cells are compared
NAMES = ("growth", "similarity", "gradients")
RATE, SPEED = "log10 largest rate", "mean training accuracy"


@dataclass(frozen=True, kw_only=True)
class Predictions(GroupEdgeExperiment):
    """Lubana et al. 2021: do the three measures predict training better than depth alone?

    Paper      arXiv 2106.05956 explains speed and stability by growth of activations, similarity of
               activations and growth of gradients at initialization.
    Claims     The largest rate that trains, and the mean training accuracy at one rate, are each
               predicted with a smaller error, left out, by the three measures than by depth.
    Ours       cfg_10 and cfg_20 of width 8 with five group sizes, BN and none, on 5,000 images of
               CIFAR-10, 150 steps of plain SGD; the common rate is a third of the smallest edge.
    Cost       At most 1,428 runs of 150 steps, 2 CPU hours; the sizes of cfg_20 are shared.
    Command    python -m benchmarks run lubana2021.predictions --out results
    """

    depths: tuple[int, ...] = option((10, 20), "convolutions", choices=(10, 20, 40))

    def arms(self) -> list[str]:
        return [*self.sizes(), "BN", NONE]

    def chains(self):
        return {f"{depth} layers": [self.network(depth, arm) for arm in self.arms()]
                for depth in sorted(self.depths)}  # fmt: skip

    def named(self, found) -> dict:  # by depth and arm
        keys = [(depth, arm) for depth in sorted(self.depths) for arm in self.arms()]
        return dict(
            zip(keys, [cell for name in self.chains() for cell in found[name]], strict=True)
        )

    def plan(self):
        if len(self.depths) < 2:
            raise self.invalid("depths", "write two depths or more: they are the baseline")
        found = yield next(super().plan())
        edges = [min(cell.trains.median, self.high) for cell in self.named(found).values()]
        rate = SHARE * min((edge for edge in edges if edge > 0), default=3 * self.low)
        yield {f"{depth} layers, {arm}": self.at_rate(cell.program, rate, min(self.seed_range()))
               for (depth, arm), cell in self.named(found).items()}  # fmt: skip

    def columns(self, found) -> dict[str, list[Quantity]]:
        """Of what is predicted, and of what from, a quantity a cell."""
        cells = self.named(found)
        groups = [found[f"{depth} layers, {arm}"] for depth, arm in cells]
        rates = [self.rate(cell, f"{depth} layers, {arm}") for (depth, arm), cell in cells.items()]
        seen = [measures(group) for group in groups]
        return {
            RATE: [one.map(lambda v: np.log10(max(v, self.low)), "log10({})") for one in rates],
            SPEED: [early(group, self.steps) for group in groups],
            "depth": [Quantity("depth", dict.fromkeys(self.seed_range(), d)) for d, _ in cells],
            **{name: [one[name] for one in seen] for name in NAMES},
        }

    def error(self, columns, names, what: str) -> Quantity:
        """Of the prediction of `what` from the columns called `names`, a seed an error."""
        errors = {}
        for seed in self.seed_range():
            given = [[one.values[seed] for one in columns[name]] for name in (*names, what)]
            errors[seed] = left_out_error(given[:-1], given[-1])
        return Quantity(f"error of {what} from {', '.join(names) or 'nothing'}", errors)

    def claims(self, found):
        columns = self.columns(found)
        for what in (RATE, SPEED):
            three, depth = (self.error(columns, names, what) for names in (NAMES, ("depth",)))
            said = f"The three measures predict the {what} better than depth does."
            yield Claim(said, three < depth, target="lubana21-prediction")

    def tables(self, found):
        columns = self.columns(found)
        every = [(), ("depth",), NAMES, (*NAMES, "depth"), *((name,) for name in NAMES)]
        rows = [{"from": ", ".join(names) or "nothing (the mean)",
                 **{what: shown(self.error(columns, names, what)) for what in (RATE, SPEED)}}
                for names in every]  # fmt: skip
        said = "Squared error, each network left out: medians over seeds."
        yield Table(f"{self.name()}-errors", pd.DataFrame(rows), said)
        yield self.rates_table({f"{depth} layers, {arm}": cell
                                for (depth, arm), cell in self.named(found).items()})  # fmt: skip
