"""Santurkar et al. 2018, Figure 4: loss and gradient along the gradient."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from benchmarks.bjorck2018.reading import shown
from benchmarks.santurkar2018.drawings import draw_looks
from benchmarks.santurkar2018.networks import BN, NONE, VggExperiment, largest_working
from benchmarks.santurkar2018.reading import MEASURES, at_equal_loss, at_equal_step
from keras_norms.lab.claim import Claim
from keras_norms.lab.inequality import all_of
from keras_norms.lab.options import RATE, option
from keras_norms.lab.report.figures import Figure, drawing
from keras_norms.lab.report.tables import Table

PAPER = {"loss range": "smaller", "gradient change": "nearly two orders of magnitude",
         "effective β": "smaller"}  # fmt: skip
STEPS = {False: "steps of 0.05 to 0.4", True: "half to four times its own rate"}


@dataclass(frozen=True, kw_only=True)
class Landscape(VggExperiment):
    """Santurkar et al. 2018, Figure 4: loss and gradient along the gradient.

    Paper      arXiv 1805.11604: along the gradient, over half to four times a learning rate of
               0.1, with BN the loss varies less, the gradient changes less, by nearly two orders
               of magnitude, and the effective smoothness constant is smaller.
    Claims     Each of the three is more than twice as large without BN, at equal loss: over the
               paper's steps, and over half to four times the rate that each arm trains at.
    Control    Both arms train: a training loss below 2, of 2.3 at chance.
    Ours       VGG-8 of width 8, 10,000 images of CIFAR-10 at 16x16 pixels, batch 64, 300 steps.
               Eight looks at the batch to come. Each arm at its largest working rate: the largest
               with nine tenths of the best validation accuracy (two other seeds). A look at the
               network without BN is compared with that at the one with BN whose loss is nearest,
               where the two are within 0.1; the table has the same at equal steps of training.
    Rival      BN works at ten times the rate of none: over its own steps the loss changes as much
               because they are longer; over equal steps the ratio of the loss ranges is undecided.
    Cost       16 runs for the rates and 12 to compare, 2 CPU minutes.
    Command    python -m benchmarks run santurkar2018.landscape --out results
    """

    rates: tuple[float, ...] = option((0.1, 0.3, 1.0, 3.0), "to try", **RATE)

    def plan(self):
        rates = yield from self.chosen((NONE, BN), largest_working)
        yield {arm: self.paired(replace(self.run(arm, rate), probes=(
            self.smoothness(rate), self.smoothness(rate, rate))))
               for arm, rate in rates.items()}  # fmt: skip

    def walks(self, found, own: bool):
        return {arm: self.walked(found[arm], own) for arm in (NONE, BN)}

    def claims(self, found):
        trains = [found[arm].final("train_loss") < 2 for arm in (NONE, BN)]
        for own, over in STEPS.items():
            pair = self.walks(found, own)
            for what in MEASURES:
                yield Claim(f"Without BN the {what} is more than twice as large: {over}.",
                            at_equal_loss(pair[NONE], pair[BN], what) > 2, paper=PAPER[what],
                            target="santurkar18-fig4", control=all_of(*trains))  # fmt: skip

    def tables(self, found):
        rows = [{"over": over, "of": what,
                 **{said: shown(ratio(*self.walks(found, own).values(), what)) for said, ratio in
                    (("none / BN at equal loss", at_equal_loss),
                     ("at equal step", at_equal_step))}}
                for own, over in STEPS.items() for what in MEASURES]  # fmt: skip
        rates = ", ".join(f"{found[arm].jobs[0].learning_rate:g} ({arm})" for arm in (NONE, BN))
        yield Table(f"{self.name()}-ratios", pd.DataFrame(rows),
                    f"Medians over looks and seeds; largest working rates {rates}.")  # fmt: skip

    def figures(self, found):
        for own, over in STEPS.items():
            name = f"{self.name()}-{'own' if own else 'equal'}"
            figure = Figure(name, found.folder, f"Along the gradient, {over}: medians over seeds.")
            with drawing(figure, width=11, height=3.6, columns=3, shared=False) as axes:
                for axis, what in zip(axes, MEASURES, strict=True):
                    draw_looks(axis, self.walks(found, own), what)
                axes[0].legend()
            yield figure
