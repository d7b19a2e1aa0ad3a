"""Wei et al. 2019, equations 20 to 25: recursions of the order parameters, against networks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.wei2019.order_parameters import NAMES, recursion
from keras_norms.lab.claim import Claim
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.job import Computation
from keras_norms.lab.options import option
from keras_norms.lab.report.claims import interval_text
from keras_norms.lab.report.tables import Table, number

WITHOUT, WITH = "none", "BN"
ARMS = {WITHOUT: None, WITH: 1.0}
SHOWN = dict(zip(NAMES, ("q", "q_xy", "q̂", "q̂_xy", "q̃", "q̃_xy"), strict=True))
FORWARD, BACKWARD, NEAR = NAMES[:4], NAMES[4:], 0.1


@dataclass(frozen=True, kw_only=True)
class Recursion(Experiment):
    """Wei et al. 2019, equations 20 to 25: recursions of the order parameters, against networks.

    Paper      "Mean-field Analysis of Batch Normalization", arXiv 1903.02606, equations 20 to 25:
               mean squares and overlaps of two examples, of what enters a unit (q), of activations
               and of the slopes of an output, layer by layer in wide networks with and without BN.
    Claims     Every one is within 10 % of its recursion, worst layer: without BN, and with BN
               forward and backward. Ours: with BN the slopes obey the recursion that divides by
               the variance over the batch, q - q_xy, in place of the second moment q.
    Ours       L = 4, 784 normal inputs, layers of 1,000, ten outputs, sigma_w^2 = 2, sigma_b^2 =
               0.5, gamma = 1, 150 examples, float64; a seed is the mean of four networks, since the
               recursion is of expectations. With BN the batch's statistics are held fixed in the
               slopes, as in the recursion.
    Cost       80 networks, 2 CPU minutes.
    Command    python -m benchmarks run wei2019.recursion --out results
    """

    seeds: int = option(10, "means over networks", least=1, most=10_000)
    width: int = option(1000, "units of a layer", least=2)
    examples: int = option(150, "examples", least=2)
    networks: int = option(4, "of a seed", least=1)

    def plan(self):
        about = {"sizes": [784, self.width, self.width, self.width, 10], "sigma_w2": 2.0,
                 "sigma_b2": 0.5, "examples": self.examples, "networks": self.networks}  # fmt: skip
        function = "benchmarks.wei2019.order_parameters.measured"
        yield {arm: self.paired(Computation(function, {**about, "gamma": gamma}))
               for arm, gamma in ARMS.items()}  # fmt: skip

    def apart(self, found, arm: str, names, centred: bool = False):
        """The largest relative distance, where the recursion is not zero."""
        told = recursion(4, 2.0, 0.5, ARMS[arm], centred)

        def worst(one) -> float:
            pairs = [(g, w) for n in names for g, w in zip(one[n], told[n], strict=True) if w]
            return max(abs(got / wanted - 1) for got, wanted in pairs)

        said = f"largest |{', '.join(SHOWN[n] for n in names)} / recursion − 1|"
        return found[arm].quantity(worst, said)

    def claims(self, found):
        target = {"target": "wei19-recursion", "paper": "equal"}
        yield Claim("Without BN every order parameter obeys its recursion.",
                    self.apart(found, WITHOUT, NAMES) < NEAR, **target)  # fmt: skip
        yield Claim("With BN those of the forward pass do.",
                    self.apart(found, WITH, FORWARD) < NEAR, **target)  # fmt: skip
        yield Claim("With BN those of the backward pass do.",
                    self.apart(found, WITH, BACKWARD) < NEAR, **target)  # fmt: skip
        yield Claim("They do where slopes are divided by the variance over the batch (ours).",
                    self.apart(found, WITH, BACKWARD, True) < NEAR,
                    target="wei19-recursion")  # fmt: skip

    def tables(self, found):
        rows = []
        for arm, gamma in ARMS.items():
            papers, ours = (recursion(4, 2.0, 0.5, gamma, centred) for centred in (False, True))
            for name in NAMES:
                for layer in range(len(papers[name])):
                    here = interval_text([one[name][layer] for one in found[arm]])
                    rows.append(
                        {
                            "network": arm,
                            "of": SHOWN[name],
                            "place": layer,
                            "here": here,
                            "paper": number(papers[name][layer]),
                            "variance over the batch": number(ours[name][layer]),
                        }
                    )
        yield Table(f"{self.name()}-layers", pd.DataFrame(rows),
                    "Order parameters by layer, in the order of the pass: medians over networks. "
                    f"Root of the width's noise: {number(np.sqrt(2 / self.width))}.")  # fmt: skip
