"""Wei et al. 2019, Figure 2: where training diverges, against the predicted learning rate."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from benchmarks.wei2019.boundaries import EXPONENTS, boundary, lowest, share
from keras_norms.lab.claim import Claim
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.inequality import all_of
from keras_norms.lab.job import Computation
from keras_norms.lab.options import option
from keras_norms.lab.quantity import Quantity
from keras_norms.lab.report.figures import Figure, colour, drawing

LOSSES, MOMENTUM = ("squared error", "cross-entropy"), 0.9


@dataclass(frozen=True, kw_only=True)
class Boundary(Experiment):
    """Wei et al. 2019, Figure 2: where training diverges, against the predicted learning rate.

    Paper      "Mean-field Analysis of Batch Normalization", arXiv 1903.02606: training converges
               below eta* = 2 (1 + momentum) / lambda, lambda the Fisher matrix's largest
               eigenvalue, and the line follows the measured boundary over three decades of eta
               while gamma varies; the best rate is about eta* / 2.
    Claims     For the squared error and for the cross-entropy: of the networks below eta* / 3 at
               least 0.9 stay finite, above 3 eta* at least 0.9 diverge; the boundary is within
               10^0.4 of eta* (median over gamma); the best rate is in [eta* / 10, eta*].
    Ours       L = 4, layers of 200 units, 200 digits as one batch, 100 steps with momentum 0.9,
               gamma held fixed, kernels alone trained; eta* from the measured matrix. Diverged: a
               loss above 1,000 or not finite. The matrix is the curvature of the squared error; for
               the cross-entropy it is a bound, since probabilities weigh the outputs.
    Rival      For the cross-entropy: the softmax bounds the slope in the outputs, so that what is
               unstable need not diverge.
    Cost       36 computations, 3 CPU minutes.
    Command    python -m benchmarks run wei2019.boundary --out results
    """

    seeds: int = option(6, "paired seeds, fixed before the first run", least=1, most=10_000)
    width: int = option(200, "units of a layer", least=2, gpu=1000)
    examples: int = option(200, "digits to train on", least=10, most=898)
    steps: int = option(100, "of each training", least=1)
    gammas: tuple[float, ...] = option((0.25, 1.0, 4.0), "of BN", above=0)

    def plan(self):
        about = {"width": self.width, "examples": self.examples, "steps": self.steps,
                 "momentum": MOMENTUM, "exponents": [*EXPONENTS]}  # fmt: skip
        function = "benchmarks.wei2019.descent.around_the_limit"
        yield {self.arm(loss, gamma): self.paired(
            Computation(function, {**about, "loss": loss, "gamma": gamma}))
               for loss in LOSSES for gamma in self.gammas}  # fmt: skip

    def arm(self, loss: str, gamma: float) -> str:
        return f"{loss}, γ = {gamma:g}"

    def claims(self, found):
        def over_gammas(loss: str, measure, formula: str) -> Quantity:
            groups = [found[self.arm(loss, gamma)] for gamma in self.gammas]
            each = zip(groups[0].seeds, zip(*groups, strict=True), strict=True)
            values = {seed: float(measure([one["test"] for one in of])) for seed, of in each}
            return Quantity(f"{formula} ({loss})", values)

        for loss in LOSSES:
            finite = over_gammas(loss, lambda of: share(of, -math.inf, -0.477), "share finite")
            beyond = over_gammas(loss, lambda of: share(of, 0.477, math.inf), "share finite above")
            off = over_gammas(loss, lambda of: np.median([abs(boundary(one)) for one in of]),
                              "median |log10(boundary / η*)|")  # fmt: skip
            best = over_gammas(loss, lambda of: np.mean([-1 <= lowest(one) <= 0 for one in of]),
                               "share of γ with the best rate there")  # fmt: skip
            yield Claim(
                f"Below η*/3 training is finite, above 3 η* it diverges ({loss}).",
                all_of(finite >= 0.9, 1 - beyond >= 0.9),
                "a boundary at η*",
                "wei19-fig2",
            )
            yield Claim(f"The boundary is where it is predicted ({loss}).", off < 0.4,
                        "follows it", "wei19-fig2")  # fmt: skip
            yield Claim(f"The best rate is between η*/10 and η* ({loss}).", best >= 0.9,
                        "≈ η*/2", "wei19-fig2")  # fmt: skip

    def figures(self, found):
        figure = Figure(self.name(), found.folder, "Loss on other digits over the learning rate, "
                        "medians over seeds; a line ends where most seeds diverge.")  # fmt: skip
        with drawing(figure, width=9.5, height=4.2, columns=2) as axes:
            for axis, loss in zip(axes, LOSSES, strict=True):
                for line, gamma in zip(("-", "--", ":", "-.") * 3, self.gammas, strict=False):
                    tests = np.array([one["test"] for one in found[self.arm(loss, gamma)]], float)
                    middle = np.median(np.nan_to_num(tests, nan=np.inf), axis=0)
                    middle = np.where(middle < np.inf, middle, np.nan)
                    axis.plot(10.0 ** np.array(EXPONENTS), middle, line, marker="o",
                              color=colour("batch"), label=f"γ = {gamma:g}")  # fmt: skip
                axis.axvline(1, color="black", lw=1)
                axis.set(xscale="log", yscale="log", xlabel="learning rate / η*", title=loss)
            axes[0].set_ylabel("loss")
            axes[1].legend()
        yield figure
