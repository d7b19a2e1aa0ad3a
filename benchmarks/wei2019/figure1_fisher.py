"""Wei et al. 2019, Figure 1: the Fisher matrix's largest eigenvalue over gamma."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from benchmarks.wei2019.order_parameters import bound, recursion
from keras_norms.lab.claim import Claim
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.inequality import all_of
from keras_norms.lab.job import Computation
from keras_norms.lab.options import option
from keras_norms.lab.report.claims import interval_text
from keras_norms.lab.report.figures import Figure, colour, drawing
from keras_norms.lab.report.tables import Table, number

VANILLA = "none"


@dataclass(frozen=True, kw_only=True)
class Fisher(Experiment):
    """Wei et al. 2019, Figure 1: the Fisher matrix's largest eigenvalue over gamma.

    Paper      "Mean-field Analysis of Batch Normalization", arXiv 1903.02606, Claim 3.1 and
               Figure 1: the expected eigenvalue is at least the sum over layers of fan-in and both
               overlaps; with BN it rises with gamma, and lies below the network's without BN for
               gamma below about 3.
    Claims     The measured one is at least 0.8 of the bound, without BN and with it, at every
               gamma; with BN it rises with gamma; up to gamma = 1 it is below that without BN.
    Ours       L = 4, layers and inputs of 200, ten outputs, 200 normal examples, sigma_w^2 = 2,
               sigma_b^2 = 0.5 (--scale gpu: 1,000 and 2,000). J^T J / n of all kernels by Lanczos
               with exact derivatives, those through the batch's statistics among them.
    Cost       60 networks, 2 CPU minutes.
    Command    python -m benchmarks run wei2019.fisher --out results
    """

    seeds: int = option(10, "networks", least=1, most=10_000)
    width: int = option(200, "inputs, and units of a layer", least=2, gpu=1000)
    examples: int = option(200, "examples", least=2, gpu=2000)
    gammas: tuple[float, ...] = option((0.25, 0.5, 1.0, 2.0, 4.0), "of BN", above=0)

    def plan(self):
        sizes = [self.width] * 4 + [10]
        about = {"sizes": sizes, "sigma_w2": 2.0, "sigma_b2": 0.5, "examples": self.examples}
        function = "benchmarks.wei2019.order_parameters.largest_eigenvalue"
        yield {self.arm(gamma): self.paired(Computation(function, {**about, "gamma": gamma}))
               for gamma in (None, *self.gammas)}  # fmt: skip

    def arm(self, gamma: float | None) -> str:
        return VANILLA if gamma is None else f"BN, γ = {gamma:g}"

    def bound(self, gamma: float | None) -> float:
        return bound([self.width] * 4, recursion(4, 2.0, 0.5, gamma))

    def claims(self, found):
        of = {g: found[self.arm(g)].quantity(float, "λ") for g in (None, *sorted(self.gammas))}
        target = {"target": "wei19-fim"}
        yield Claim("Without BN the eigenvalue is at least the bound.",
                    of[None] / self.bound(None) >= 0.8, paper="≥ 1", **target)  # fmt: skip
        with_bn = {gamma: one for gamma, one in of.items() if gamma is not None}
        yield Claim("With BN it is at least the bound, at every gamma.",
                    all_of(*(one / self.bound(g) >= 0.8 for g, one in with_bn.items())),
                    paper="≥ 1", **target)  # fmt: skip
        if len(with_bn) > 1:
            pairs = pairwise(with_bn.values())
            yield Claim("With BN it rises with gamma.", all_of(*(a < b for a, b in pairs)),
                        paper="rises", **target)  # fmt: skip
        if low := [one for gamma, one in with_bn.items() if gamma <= 1]:
            yield Claim("Up to gamma = 1 it is below that without BN.",
                        all_of(*(one < of[None] for one in low)), paper="below ≈ 3",
                        **target)  # fmt: skip

    def tables(self, found):
        rows = [{"network": self.arm(g), "λ": interval_text(list(found[self.arm(g)])),
                 "bound": number(self.bound(g))} for g in (None, *self.gammas)]  # fmt: skip
        yield Table(f"{self.name()}-values", pd.DataFrame(rows), "Medians over networks.")

    def figures(self, found):
        figure = Figure(self.name(), found.folder, "Largest eigenvalue of the Fisher matrix: marks "
                        "are networks, lines the bound.")  # fmt: skip
        gammas = sorted(self.gammas)
        with drawing(figure) as axis:
            for gamma in gammas:
                values = list(found[self.arm(gamma)])
                axis.plot([gamma] * len(values), values, "o", color=colour("batch"))
            axis.plot(gammas, [self.bound(g) for g in gammas], color=colour("batch"), label="BN")
            values = np.array(list(found[VANILLA]))
            axis.axhspan(values.min(), values.max(), alpha=0.3, fc=colour("none"), lw=0)
            axis.axhline(self.bound(None), color=colour("none"), label="none (band: networks)")
            axis.set(xscale="log", yscale="log", xlabel="γ", ylabel="λ")
            axis.set_xticks(gammas, [f"{g:g}" for g in gammas], minor=False)
            axis.minorticks_off()
            axis.legend()
        yield figure
