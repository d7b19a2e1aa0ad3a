"""Wei et al. 2019, equations 24 and 25: two examples behind a batch-normalized rectifier."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from keras_norms.lab.claim import Claim
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.inequality import all_of
from keras_norms.lab.job import Computation
from keras_norms.lab.options import option
from keras_norms.lab.report.figures import Figure, drawing

COSINES = "benchmarks.wei2019.order_parameters.cosines"
LIMIT = 1 / math.pi


@dataclass(frozen=True, kw_only=True)
class Correlations(Experiment):
    """Wei et al. 2019, equations 24 and 25: two examples behind a batch-normalized rectifier.

    Paper      "Mean-field Analysis of Batch Normalization", arXiv 1903.02606, equations 24 and
               25: behind batch normalization (without shift) and a ReLU two examples have mean
               square gamma^2 / 2 and overlap gamma^2 / (2 pi), so the cosine 1 / pi = 0.318,
               whatever entered.
    Claims     The mean cosine is within 0.03 of 1 / pi behind the last layer, for independent
               inputs and for inputs of correlation 0.5 and 0.9.
    Ours       MLP of ten layers of 1,000, He weights, batch 128, float64.
    Cost       30 networks, 1 CPU minute.
    Command    python -m benchmarks run wei2019.correlations --out results
    """

    seeds: int = option(10, "networks", least=1, most=10_000)
    depth: int = option(10, "hidden layers", least=1)
    width: int = option(1000, "units of a layer", least=2)
    batch: int = option(128, "examples", least=2)
    correlations: tuple[float, ...] = option((0.0, 0.5, 0.9), "of the inputs", least=0, most=0.99)

    def plan(self):
        sizes = [self.width] * (self.depth + 1)
        yield {f"inputs of correlation {c:g}": self.paired(Computation(
            COSINES, {"sizes": sizes, "examples": self.batch, "correlation": c}))
               for c in self.correlations}  # fmt: skip

    def claims(self, found):
        last = [one.quantity(lambda o: o[-1], "cosine") for one in found.groups().values()]
        yield Claim("Behind the last layer two examples have the cosine 1 / π, whatever entered.",
                    all_of(*(abs(each - LIMIT) < 0.03 for each in last)),
                    paper="0.318", target="wei19-corr")  # fmt: skip

    def figures(self, found):
        figure = Figure(self.name(), found.folder, "Mean cosine of two examples by layer: median "
                        "over networks, band over all; dashed 1 / π.")  # fmt: skip
        with drawing(figure) as axis:
            for name, one in found.groups().items():
                values = np.array(list(one))
                (line,) = axis.plot(np.median(values, 0), "o-", label=name)
                axis.fill_between(range(len(values[0])), values.min(0), values.max(0), alpha=0.2,
                                  fc=line.get_color())  # fmt: skip
            axis.axhline(LIMIT, ls="--", color="black")
            axis.set(xlabel="layer (0: inputs)", ylabel="mean cosine")
            axis.legend()
        yield figure
