"""Santurkar et al. 2018, Section 3.3: normalizers by other norms than the standard deviation."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from benchmarks.bjorck2018.reading import shown
from benchmarks.santurkar2018.drawings import draw_looks
from benchmarks.santurkar2018.networks import BN, NONE, NORMS, VggExperiment
from benchmarks.santurkar2018.reading import at_equal_loss
from keras_norms.lab.claim import Claim
from keras_norms.lab.report.claims import interval_text
from keras_norms.lab.report.figures import Figure, drawing
from keras_norms.lab.report.tables import Table, percent

COMPARED = (NONE, BN, *NORMS)
BETA = "effective β"


@dataclass(frozen=True, kw_only=True)
class LpNorms(VggExperiment):
    """Santurkar et al. 2018, Section 3.3: normalizers by other norms than the standard deviation.

    Paper      arXiv 1805.11604: batch normalization by the mean L1, L2 or L-infinity norm, taken
               before the mean is subtracted, trains as well as by the standard deviation, though
               it fixes no moment of the distribution, and makes the landscape as smooth.
    Claims     Each is more accurate on the test set than no normalization, loses less than a point
               to BN, and at equal loss has a smaller effective smoothness constant: the change of
               the gradient over the distance along it, the largest over steps of 0.05 to 0.4.
    Control    BN itself gains more than a point.
    Ours       VGG-8 of width 8, 10,000 images of CIFAR-10 at 16x16 pixels, batch 64, 300 steps;
               each arm at the rate of its best validation accuracy (two other seeds).
    Cost       30 runs for the rates and 30 to compare, 4 CPU minutes.
    Command    python -m benchmarks run santurkar2018.lp_norms --out results
    """

    def plan(self):
        rates = yield from self.chosen(COMPARED)
        yield {arm: self.paired(replace(self.run(arm, rate), probes=(self.smoothness(rate),)))
               for arm, rate in rates.items()}  # fmt: skip

    def claims(self, found):
        test = {arm: found[arm].final() for arm in COMPARED}
        power = {"control": test[BN] - test[NONE] > 0.01, "target": "santurkar18-lp"}
        for arm in NORMS:
            yield Claim(f"{arm} is more accurate than no normalization.",
                        test[arm] - test[NONE] > 0, paper="better", **power)  # fmt: skip
            yield Claim(f"{arm} loses less than a point to BN.",
                        test[arm] - test[BN] > -0.01, paper="equal", **power)  # fmt: skip
            yield Claim(f"{arm} makes the landscape smoother.", self.rougher(found, arm) > 1,
                        paper="smoother", target="santurkar18-lp")  # fmt: skip

    def rougher(self, found, arm: str):
        """Effective smoothness without normalization over that of an arm."""
        return at_equal_loss(self.walked(found[NONE]), self.walked(found[arm]), BETA)

    def tables(self, found):
        rows = [{"normalizer": arm, "learning rate": f"{found[arm].jobs[0].learning_rate:g}",
                 "test accuracy": interval_text([o.final("test_accuracy") for o in found[arm]],
                                                percent),
                 "training loss": shown(found[arm].final("train_loss")),
                 "β, none / it": shown(self.rougher(found, arm))}
                for arm in COMPARED]  # fmt: skip
        yield Table(f"{self.name()}-ends", pd.DataFrame(rows),
                    "At the end, and effective β at equal loss: medians over seeds.")  # fmt: skip

    def figures(self, found):
        figure = Figure(self.name(), found.folder, "Effective β in training, steps of 0.05 to 0.4, "
                        "each arm at its own learning rate: medians over seeds.")  # fmt: skip
        with drawing(figure) as axis:
            draw_looks(axis, {arm: self.walked(found[arm]) for arm in COMPARED}, BETA)
            axis.legend()
        yield figure
