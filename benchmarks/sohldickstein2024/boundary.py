"""Sohl-Dickstein 2024: the boundary of the rates that diverge, ever finer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.sohldickstein2024.line import ARMS
from keras_norms.lab.claim import Claim
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.job import Computation
from keras_norms.lab.options import option
from keras_norms.lab.quantity import Quantity
from keras_norms.lab.report.claims import interval_text
from keras_norms.lab.report.figures import Figure, colour, drawing
from keras_norms.lab.report.tables import Table

WITHOUT = "none"
LOOKS = {"none": ("none", "-"), "BN": ("batch", "--"), "LN": ("layer", ":")}


@dataclass(frozen=True, kw_only=True)
class Boundary(Experiment):
    """Sohl-Dickstein 2024: the boundary of the rates that diverge, ever finer.

    Paper      "The boundary of neural network trainability is fractal", arXiv 2402.06184: over more
               than ten decades of scale the boundary between hyperparameters that converge and
               that diverge is no smooth line, in all configurations tested; none has a normalizer.
    Claims     Along a line of 128 learning rates the verdict changes more than once, and again on
               lines 32 times shorter around one of the changes, down to 32^-6 = 10^-9 of the first.
               So it is with BN and with LN (ours).
    Ours       One hidden layer of 16 tanh units without biases, 16 normal examples, the paper's
               mean-field scales, both kernels at one rate, full batch, float64, 300 steps, or until
               the loss is a million times the first. A line through the plane of two rates.
    Cost       36 lines of seven scales, a minute of CPU time.
    Command    python -m benchmarks run sohldickstein2024.boundary --out results
    """

    seeds: int = option(12, "networks, each with its own examples", least=1, most=10_000)
    points: int = option(128, "learning rates of a line", least=8)
    levels: int = option(7, "lines, each in the one before", least=1, most=8)
    steps: int = option(300, "of descent", least=10)

    def plan(self):
        about = {"width": 16, "examples": 16, "steps": self.steps, "points": self.points}
        about |= {"levels": self.levels, "by": 32.0}
        yield {arm: self.paired(Computation("benchmarks.sohldickstein2024.line.zoom",
                                            {**about, "arm": arm})) for arm in ARMS}  # fmt: skip

    def fewest(self, found, arm: str) -> Quantity:
        """Changes on the line that has fewest; 0 where a line has none and zooming ends."""

        def least(one) -> float:
            return float(min(one["changes"])) if len(one["changes"]) == self.levels else 0.0

        return found[arm].quantity(least, "fewest changes on a line")

    def claims(self, found):
        for arm in ARMS:
            words = "" if arm == WITHOUT else f"With {arm} (ours): "
            sentence = "the boundary is rough on every scale."
            yield Claim((words + sentence) if words else sentence.capitalize(),
                        self.fewest(found, arm) > 1, paper="" if words else "ten decades",
                        target="sohldickstein24-fractal")  # fmt: skip

    def tables(self, found):
        rows = [{"network": arm, **{f"line {k + 1}": interval_text(
            [o["changes"][k] if k < len(o["changes"]) else 0 for o in found[arm]])
            for k in range(self.levels)}} for arm in ARMS]  # fmt: skip
        yield Table(
            f"{self.name()}-changes",
            pd.DataFrame(rows),
            "Changes of verdict by line, each 32 times shorter: medians over seeds.",
        )

    def figures(self, found):
        figure = Figure(self.name(), found.folder, "Changes of verdict along lines of rates by the "
                        "length of the line: medians over seeds, bands from the second lowest to "
                        "the second highest.")  # fmt: skip
        with drawing(figure) as axis:
            for arm, (name, line) in LOOKS.items():
                whole = [o for o in found[arm] if len(o["changes"]) == self.levels]
                if not whole:
                    continue
                values = np.sort([o["changes"] for o in whole], axis=0)
                x, inner = whole[0]["reach"], min(1, (len(whole) - 1) // 2)
                axis.plot(x, np.median(values, 0), line, marker="o", color=colour(name), label=arm)
                axis.fill_between(x, values[inner], values[-1 - inner], fc=colour(name), alpha=0.15)
            axis.set(xscale="log", yscale="symlog", ylim=(0, None), ylabel="changes of verdict",
                     xlabel="length of the line, in ln(rate)")  # fmt: skip
            axis.invert_xaxis()
            axis.legend()
        yield figure
