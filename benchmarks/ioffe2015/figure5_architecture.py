"""Ioffe & Szegedy 2015, Figure 5: the network, its shapes and its parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from keras_norms.lab.claim import Claim
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.job import Computation
from keras_norms.lab.quantity import exact
from keras_norms.lab.report.tables import Table

PAPER = 13.6e6
COMPLETIONS = {"608": "branches", "576": "sums"}
# Layer -> output as the table prints it.
PRINTED = {
    "convolution_1": "112×112×64", "max_pool_1": "56×56×64", "max_pool_2": "28×28×192",
    "module_3a": "28×28×256", "module_3b": "28×28×320", "module_3c": "28×28×576",
    "module_4a": "14×14×576", "module_4b": "14×14×576", "module_4c": "14×14×576",
    "module_4d": "14×14×576", "module_4e": "14×14×1024", "module_5a": "7×7×1024",
    "module_5b": "7×7×1024",
}  # fmt: skip
HALVING = {"module_3c": "14×14×576", "module_4e": "7×7×1024"}  # what these two must mean


@dataclass(frozen=True, kw_only=True)
class Architecture(Experiment):
    """Ioffe & Szegedy 2015, Figure 5: the network.

    Paper      arXiv 1502.03167, appendix, Figure 5, and Section 4.2: 13.6 million parameters.
    Claims     The shapes are the table's; the parameters are within 5 % of 13.6 million.
    Numbers    The table cannot be built as it is printed. The branches of 4c and 4d sum to 608
               channels where it prints 576, and with 608 going in 4e has 1056 where it prints
               1024; 3c and 4e print the size before they halve it.
    Ours       Both completions. "608": the printed filters, with 608, 608 and 1056 channels (as
               public weights of this network have them). "576": projections of 96 in 4c and 4d,
               which gives the printed 576, 576 and 1024. Batch normalization on every convolution,
               224x224x3 in, 1000 classes out; trained values counted, gammas and betas among them.
    Result     Neither has 13.6 million: they have 11.3 and 11.2. What the paper counts besides is
               not said in it, and nothing is added here to reach its number.
    Cost       Seconds.
    Command    python -m benchmarks run ioffe2015.architecture --out results
    """

    seeds: ClassVar[int] = 1  # type: ignore[misc]

    def plan(self):
        function, rows = "benchmarks.ioffe2015.shapes.built", list(PRINTED)
        yield {
            name: [Computation(function, {"channels": channels, "rows": rows})]
            for name, channels in COMPLETIONS.items()
        }

    def claims(self, found):
        target = "ioffe15-fig5"
        for name in COMPLETIONS:
            built, said = found[name][0], f"(completion {name})"
            off = abs(exact(f"parameters {said}", built["parameters"]) / PAPER - 1)
            yield Claim(f"Completion {name} has 13.6 million parameters.", off <= 0.05,
                        paper="13.6 million", target=target)  # fmt: skip
            wrong = exact(f"rows that differ from the table {said}", differing(built["shapes"]))
            yield Claim(f"Completion {name} has the table's shapes.", wrong <= 0, target=target)

    def summary(self, found):
        counted = {name: found[name][0]["parameters"] for name in COMPLETIONS}
        said = " and ".join(f"{n:,} ({name}, {n / PAPER - 1:+.0%})" for name, n in counted.items())
        yield (
            f"The completions have {said} trained values; the paper says 13.6 million. The rows of "
            "608 that differ are the misprints."
        )
        yield from super().summary(found)

    def tables(self, found):
        rows = [
            {
                "row": row.removeprefix("module_").replace("_", " "),
                "printed": printed,
                "with its stride": HALVING.get(row, "as printed"),
                **{f"completion {name}": found[name][0]["shapes"][row] for name in COMPLETIONS},
            }
            for row, printed in PRINTED.items()
        ]
        caption = "Outputs of the rows of Figure 5."
        yield Table(f"{self.name()}-shapes", pd.DataFrame(rows), caption)


def differing(shapes: dict[str, str]) -> int:
    return sum(shape != HALVING.get(row, PRINTED[row]) for row, shape in shapes.items())
