"""Arms compared each at its own learning rate, chosen on a held-out part of the training set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from keras_norms.lab.experiment import Experiment
from keras_norms.lab.found import Found
from keras_norms.lab.options import RATE, option
from keras_norms.lab.report.claims import interval_text
from keras_norms.lab.report.figures import Figure, colour, drawing
from keras_norms.lab.report.tables import Table, percent
from keras_norms.lab.training import Run
from keras_norms.lab.tuning import best_rate, on_validation, swept

LINES = ("-", "--", ":", "-.")


@dataclass(frozen=True, kw_only=True)
class TunedExperiment(Experiment):
    """A paper gives the arms, by name their normalizer's spec, and the run of each."""

    rates: tuple[float, ...] = option((0.01, 0.03, 0.1, 0.3), "tried for each arm", **RATE)
    points: int = option(20, "evaluations of a run", least=1)
    arms: ClassVar[Mapping[str, str]] = {}

    def run(self, arm: str, rate: float) -> Run:
        raise NotImplementedError

    def plan(self):
        found = yield {swept(arm, rate): self.tuning(on_validation(self.run(arm, rate)))
                       for arm in self.arms for rate in self.rates}  # fmt: skip
        yield {arm: self.paired(self.run(arm, self.chosen(found, arm))) for arm in self.arms}

    def chosen(self, found: Found, arm: str) -> float:
        """The arm's learning rate."""
        return best_rate({rate: found[swept(arm, rate)] for rate in self.rates})

    def tables(self, found):
        rows = []
        for arm in self.arms:
            group = found[arm]
            rows.append({
                "network": arm,
                "learning rate": f"{self.chosen(found, arm):g}",
                "training loss": interval_text([one.final("train_loss") for one in group]),
                "test accuracy": interval_text(
                    [one.final("test_accuracy") for one in group], percent),
                "blew up": f"{sum(one.verdict.blown for one in group)} of {len(group)}",
            })  # fmt: skip
        yield Table(f"{self.name()}-ends", pd.DataFrame(rows),
                    "At the end of training: median over seeds with its interval.")  # fmt: skip

    def figures(self, found):
        figure = Figure(self.name(), found.folder, "Training loss (left) and test accuracy (right) "
                        "in training: median over seeds, band over all.")  # fmt: skip
        with drawing(figure, width=9.5, height=4.2, columns=2, shared=False) as axes:
            for axis, column in zip(axes, ("train_loss", "test_accuracy"), strict=True):
                for place, (arm, spec) in enumerate(self.arms.items()):
                    whole = [one for one in found[arm] if not one.verdict.blown]
                    if not whole:
                        continue  # the table says so
                    curves = np.array([one.curve[column] for one in whole], float)
                    look = {"color": colour(spec), "ls": LINES[place % len(LINES)], "label": arm}
                    steps = whole[0].curve["step"]
                    axis.plot(steps, np.median(curves, 0), **look)
                    axis.fill_between(steps, curves.min(0), curves.max(0), alpha=0.15,
                                      color=colour(spec), lw=0)  # fmt: skip
                said = column.replace("_", " ").replace("train", "training")
                axis.set(xlabel="step", ylabel=said)
            axes[0].set_yscale("log")
            axes[1].legend(loc="lower right")
        yield figure
