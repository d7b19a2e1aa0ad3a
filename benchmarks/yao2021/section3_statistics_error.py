"""Yao et al. 2021, Section 3: how far small batches' statistics are from those of all data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.yao2021.statistics import KINDS
from keras_norms.lab.claim import Claim
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.inequality import all_of
from keras_norms.lab.job import Computation
from keras_norms.lab.options import option
from keras_norms.lab.report.claims import interval_text
from keras_norms.lab.report.figures import Figure, drawing
from keras_norms.lab.report.tables import Table

ERRORS = ("mean", "standard deviation")


@dataclass(frozen=True, kw_only=True)
class StatisticsError(Experiment):
    """Yao et al. 2021, Section 3: how far small batches' statistics are from those of all data.

    Paper      "Cross-Iteration Batch Normalization", arXiv 2002.05712: with few examples a batch's
               statistics are noisy; those of past batches help only where they are brought to
               today's weights ("naive" CBN, which takes them as they are, does not).
    Claims     The errors of mean and standard deviation against the whole data's are smallest with
               the expansion, larger with past statistics as they are, largest for one batch: while
               the kernel moves by 1, 3 and 10 % a batch.
    Ours       A linear layer of 32 rectified inputs and 64 units, batches of 4, a window of 8, a
               kernel that moves in one direction; no training. float64.
    Cost       30 layers of 200 windows, 30 CPU seconds.
    Command    python -m benchmarks run yao2021.statistics_error --out results
    """

    seeds: int = option(10, "layers", least=1, most=10_000)
    batch: int = option(4, "examples", least=2)
    window: int = option(8, "batches", least=2)
    moves: tuple[float, ...] = option((0.01, 0.03, 0.1), "of the kernel a batch", above=0)

    def plan(self):
        about = {"batch": self.batch, "window": self.window}
        yield {f"{move:.0%} a batch": self.paired(Computation(
            "benchmarks.yao2021.statistics.errors", {**about, "step": move}))
               for move in self.moves}  # fmt: skip

    def claims(self, found):
        for name, group in found.groups().items():
            for place, what in enumerate(ERRORS):
                bn, naive, cbn = (
                    group.quantity(lambda o, k=kind, p=place: o[k][p], f"error ({what}), {kind}")
                    for kind in KINDS
                )  # fmt: skip
                yield Claim(f"{name}: the {what} is nearest with CBN, then naive, then BN.",
                            all_of(cbn < naive, naive < bn), paper="CBN < naive < BN",
                            target="cbn20-small")  # fmt: skip

    def tables(self, found):
        rows = []
        for name, group in found.groups().items():
            for kind in KINDS:
                told = {what: interval_text([one[kind][place] for one in group])
                        for place, what in enumerate(ERRORS)}  # fmt: skip
                rows.append({"kernel": name, "statistics": kind, **told})
        yield Table(f"{self.name()}-errors", pd.DataFrame(rows),
                    "Root mean square error over the standard deviation: medians.")  # fmt: skip

    def figures(self, found):
        figure = Figure(self.name(), found.folder, "Error of mean and standard deviation over how "
                        "far the kernel moves: medians over layers.")  # fmt: skip
        with drawing(figure, width=9, height=4, columns=2) as axes:
            for place, (axis, what) in enumerate(zip(axes, ERRORS, strict=True)):
                for kind, line in zip(KINDS, ("o-", "s--", "^:"), strict=True):
                    groups = found.groups().values()
                    middle = [np.median([one[kind][place] for one in group]) for group in groups]
                    axis.plot(self.moves, middle, line, label=kind)
                axis.set(xscale="log", title=what, xlabel="step / length of the kernel")
            axes[0].set(ylabel="relative error")
            axes[0].legend()
        yield figure
