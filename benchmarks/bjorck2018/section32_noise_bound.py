"""Bjorck et al. 2018, Section 3.2: the noise of a step, by learning rate and batch size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from keras_norms.lab.claim import Claim
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.job import Computation
from keras_norms.lab.options import RATE, option
from keras_norms.lab.report.claims import interval_text
from keras_norms.lab.report.figures import Figure, drawing
from keras_norms.lab.report.tables import Table

FOUND = "softmax regression"


@dataclass(frozen=True, kw_only=True)
class NoiseBound(Experiment):
    """Bjorck et al. 2018, Section 3.2: the noise of a step, by learning rate and batch size.

    Paper      arXiv 1806.02375, Section 3.2: E |a g - a g_B|^2 <= a^2 C / b, where g_B is the
               gradient of a mini-batch of b, g that of all data and C = E |g_i - g|^2: a larger
               learning rate is noisier, as a smaller batch is.
    Claims     The error is at most a^2 C / b for every b; its logarithm has slope -1 in log b and
               2 in log a; it is (N - b) / (b (N - 1)) a^2 C, the exact value for batches without
               replacement (ours; the paper's algebra leaves that factor out).
    Ours       Softmax regression on digits at random weights. Batches are drawn, so the error is
               compared with 1.05 times the bound.
    Beside it  bjorck2018.noise_in_training asks whether what is learned depends on a^2 / b.
    Cost       10 networks of 2,000 batches of each size, 30 CPU seconds.
    Command    python -m benchmarks run bjorck2018.noise_bound --out results
    """

    seeds: int = option(10, "weights", least=1, most=10_000)
    batches: tuple[int, ...] = option(
        (1, 2, 4, 8, 16, 32, 64, 128, 256), "sizes", least=1, most=1000
    )
    rates: tuple[float, ...] = option((0.01, 0.1, 1.0), "learning rates", **RATE)
    draws: int = option(2000, "mini-batches of each size", least=2)

    def plan(self):
        if len(self.batches) < 2 or len(self.rates) < 2:
            raise self.invalid("batches", "write two sizes or more, and two rates, for a slope")
        yield {FOUND: self.paired(Computation(
            "benchmarks.bjorck2018.gradient_noise.errors",
            {"batches": [*self.batches], "rates": [*self.rates],
             "draws": self.draws}))}  # fmt: skip

    def relative(self, one, exact: bool = False) -> np.ndarray:
        """The errors over the bound, or over their exact value."""
        b, n = np.array(self.batches), one["examples"]
        bound = np.square(self.rates)[:, None] * one["variance"] / b
        return np.array(one["error"]) / (bound * (n - b) / (n - 1) if exact else bound)

    def slope(self, one, by: str) -> float:
        logs = np.log(one["error"])
        if by == "b":
            return float(np.polyfit(np.log(self.batches), logs[-1], 1)[0])
        return float(np.polyfit(np.log(self.rates), logs[:, 0], 1)[0])

    def claims(self, found):
        of, target = found[FOUND].quantity, {"target": "bjorck18-noise"}
        yield Claim("The error is at most the bound, for every batch size.",
                    of(lambda one: self.relative(one).max(), "largest error / bound") <= 1.05,
                    paper="≤ 1", **target)  # fmt: skip
        by_size = of(lambda one: self.slope(one, "b"), "slope in log b")
        yield Claim("It falls as one over the batch size.", abs(by_size + 1) <= 0.1,
                    paper="−1", **target)  # fmt: skip
        by_rate = of(lambda one: self.slope(one, "a"), "slope in log a")
        yield Claim("It grows as the square of the learning rate.", abs(by_rate - 2) <= 0.01,
                    paper="2", **target)  # fmt: skip
        apart = of(lambda one: abs(self.relative(one, exact=True) - 1).max(), "|error / exact − 1|")
        yield Claim("It is the exact value for batches without replacement (ours).",
                    apart < 0.05, **target)  # fmt: skip

    def tables(self, found):
        rows = []
        for k, batch in enumerate(self.batches):
            row = {"batch": batch}
            for exact, words in ((False, "error / bound"), (True, "error / exact value")):
                row[words] = interval_text([self.relative(o, exact)[-1, k] for o in found[FOUND]])
            rows.append(row)
        yield Table(f"{self.name()}-errors", pd.DataFrame(rows), "Medians over weights.")

    def figures(self, found):
        figure = Figure(self.name(), found.folder, "Squared error of a step: marks are "
                        "medians over weights, lines the bound.")  # fmt: skip
        variance = np.median([one["variance"] for one in found[FOUND]])
        error = np.median([one["error"] for one in found[FOUND]], axis=0)
        with drawing(figure) as axis:
            for rate, row in zip(self.rates, error, strict=True):
                (line,) = axis.plot(self.batches, rate**2 * variance / np.array(self.batches))
                axis.plot(self.batches, row, "o", color=line.get_color(), label=f"a = {rate:g}")
            axis.set(xscale="log", yscale="log", xlabel="batch size b", ylabel="E |a g − a g_B|²")
            axis.legend()
        yield figure
