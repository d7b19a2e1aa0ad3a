"""De & Smith 2020, Section 4: the best learning rate by batch size."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import pandas as pd

from benchmarks.bjorck2018.networks import NetworkExperiment
from benchmarks.bjorck2018.reading import shown
from benchmarks.desmith2020.section2_branch_variance import ARMS, LINES, SKIPINIT, WITH
from keras_norms.lab.claim import Claim
from keras_norms.lab.inequality import all_of
from keras_norms.lab.options import RATE, option
from keras_norms.lab.quantity import Quantity
from keras_norms.lab.report.figures import Figure, colour, drawing
from keras_norms.lab.report.tables import Table
from keras_norms.lab.tuning import on_validation, peak_rate


@dataclass(frozen=True, kw_only=True)
class BatchSizes(NetworkExperiment):
    """De & Smith 2020, Section 4: the best learning rate by batch size.

    Paper      arXiv 2002.10444: at equal epochs the best learning rates of BN, SkipInit and of a
               network without either are similar where batches are small; BN's larger rates
               matter where they are large. Stands against a broad reading of Bjorck et al. 2018.
    Claims     In the smallest batches BN's best rate is less than three times SkipInit's; the ratio
               of the two does not fall from one batch size to the next.
    Ours       Preactivation ResNet-20 of width 8, 1,000 images of 16x16 pixels, 20 epochs at a
               constant rate. The best rate of a seed is the peak of a parabola through the highest
               validation accuracy and its neighbours, half a decade apart; no test set is read.
    Cost       432 runs, an hour and a half of CPU time.
    Command    python -m benchmarks run desmith2020.batch_sizes --out results
    """

    seeds: int = option(6, "paired seeds, fixed before the first run", least=1, most=10_000)
    examples: int = option(1000, "images to train on, drawn once", least=2, gpu=50_000)
    size: int = option(16, "pixels of a side", least=1, gpu=32)
    depth: int = option(20, "layers of the network, 6 n + 2", least=8)
    width: int = option(8, "channels of the first stage", least=1, gpu=16)
    initializer: str = option("he", "of all kernels")
    batches: tuple[int, ...] = option((8, 64, 512), "examples a step", least=1)
    rates: tuple[float, ...] = option(tuple(10 ** (k / 2) for k in range(-6, 2)), "tried", **RATE)
    epochs: int = option(20, "of each run", least=1, gpu=160)

    def plan(self):
        if len(self.rates) < 3:
            raise self.invalid("rates", "write three rates or more, to have a best one among them")
        yield {self.cell(arm, batch, rate): self.paired(self.one(arm, batch, rate))
               for batch in self.batches for arm in ARMS for rate in self.rates}  # fmt: skip

    def cell(self, arm: str, batch: int, rate: float) -> str:
        return f"{arm}, batch {batch}, {rate:.3g}"

    def one(self, arm: str, batch: int, rate: float):
        normalizer, branch = ARMS[arm]
        steps = max(1, self.epochs * int(0.8 * self.examples) // batch)
        model = f"preactivation_resnet:depth={self.depth},width={self.width},branch={branch}"
        run = self.trained(normalizer, rate, model=model, batch=batch, steps=steps)
        data = f"{self.data}:examples={self.examples},size={self.size},flip=true"
        return on_validation(replace(run, data=f"{data},crop={self.size // 8}"))

    def best(self, found, arm: str, batch: int) -> Quantity:
        """The best rate of each seed."""
        rates = sorted(self.rates)
        columns = [found[self.cell(arm, batch, rate)].final() for rate in rates]
        peaks = {seed: peak_rate(rates, [column.values[seed] for column in columns])
                 for seed in columns[0].values}  # fmt: skip
        return Quantity(f"best rate ({arm}, batch {batch})", peaks)

    def claims(self, found):
        ratios = [self.best(found, WITH, batch) / self.best(found, SKIPINIT, batch)
                  for batch in sorted(self.batches)]  # fmt: skip
        target = {"target": "desmith20-smallbatch"}
        yield Claim("In small batches the best rates of BN and of SkipInit are similar.",
                    ratios[0] < 3, paper="similar", **target)  # fmt: skip
        if len(ratios) > 1:
            yield Claim("The larger the batches, the larger BN's best rate beside SkipInit's.",
                        all_of(*(high >= low for low, high in pairwise(ratios))),
                        paper="larger in large batches", **target)  # fmt: skip

    def tables(self, found):
        rows = [{"batch": batch, **{arm: shown(self.best(found, arm, batch)) for arm in ARMS}}
                for batch in sorted(self.batches)]  # fmt: skip
        yield Table(f"{self.name()}-rates", pd.DataFrame(rows), "Best rates: medians over seeds.")

    def figures(self, found):
        figure = Figure(self.name(), found.folder, "Best learning rate by batch size: medians.")
        with drawing(figure) as axis:
            for arm, line in LINES.items():
                middle = [self.best(found, arm, batch).estimate for batch in sorted(self.batches)]
                axis.plot(sorted(self.batches), middle, line, marker="o", label=arm,
                          color=colour(ARMS[arm][0]))  # fmt: skip
            axis.set(xscale="log", yscale="log", xlabel="batch", ylabel="best learning rate")
            axis.legend()
        yield figure
