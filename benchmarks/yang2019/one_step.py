"""Yang et al. 2019: one step of descent narrows the range of gradients over the layers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keras_norms.lab.claim import Claim
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.job import Computation
from keras_norms.lab.options import RATE, option
from keras_norms.lab.report.figures import Figure, drawing


@dataclass(frozen=True, kw_only=True)
class OneStep(Experiment):
    """Yang et al. 2019: one step of descent narrows the range of gradients over the layers.

    Paper      "A Mean Field Theory of Batch Normalization", arXiv 1902.08129: the gradients of
               deep batch-normalized networks span many orders of magnitude at initialization, and
               their range shrinks in the first step of gradient descent.
    Claims     log10 of the largest over the smallest norm of a hidden kernel's gradient, after one
               step, is below 0.7 of that before it, at each learning rate; the same after five.
    Ours       MLP of 20 layers of 256, batch 128 of digits, He weights, gradient descent on the
               kernels, at rates 0.1, 0.3 and 1 (the paper's is not known to us), float64.
    Cost       30 networks, 20 CPU seconds.
    Command    python -m benchmarks run yang2019.one_step --out results
    """

    seeds: int = option(10, "networks", least=1, most=10_000)
    depth: int = option(20, "hidden layers", least=3, gpu=50)
    width: int = option(256, "units of a layer", least=2, gpu=1024)
    batch: int = option(128, "examples", least=2, most=1000)
    steps: int = option(5, "of gradient descent", least=1)
    rates: tuple[float, ...] = option((0.1, 0.3, 1.0), "learning rates", **RATE)

    def plan(self):
        about = {"depth": self.depth, "width": self.width, "examples": self.batch,
                 "steps": self.steps}  # fmt: skip
        yield {f"rate {rate:g}": self.paired(Computation(
            "benchmarks.yang2019.growth.ranges", {**about, "rate": rate}))
               for rate in self.rates}  # fmt: skip

    def claims(self, found):
        for step in dict.fromkeys((1, self.steps)):
            for rate in self.rates:
                ratio = found[f"rate {rate:g}"].quantity(
                    lambda one, step=step: one["range"][step] / one["range"][0],
                    f"range after step {step} / before",
                )
                yield Claim(f"At rate {rate:g} the range shrinks by step {step}.", ratio < 0.7,
                            paper="shrinks", target="yang19-onestep")  # fmt: skip

    def figures(self, found):
        figure = Figure(
            self.name(),
            found.folder,
            "Norm of each hidden kernel's gradient before "
            f"the first step and after {self.steps}: medians over networks.",
        )
        with drawing(figure) as axis:
            x = range(1, self.depth + 1)
            groups = found.groups()
            before = np.median([one["first"] for one in next(iter(groups.values()))], 0)
            axis.plot(x, before, color="black", label="before")
            for name, group in groups.items():
                axis.plot(x, np.median([one["last"] for one in group], 0), "--", label=name)
            axis.set(yscale="log", xlabel="layer", ylabel="|dL/dW|")
            axis.xaxis.get_major_locator().set_params(integer=True)
            axis.legend()
        yield figure
