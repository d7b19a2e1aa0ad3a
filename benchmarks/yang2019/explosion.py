"""Yang et al. 2019: gradients explode with depth behind batch normalization."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from keras_norms.lab.claim import Claim
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.inequality import all_of
from keras_norms.lab.job import Computation
from keras_norms.lab.options import option
from keras_norms.lab.report.claims import interval_text
from keras_norms.lab.report.figures import Figure, colour, drawing
from keras_norms.lab.report.tables import Table

# Arm -> whether it has BN, its activation, and its line.
ARMS = {
    "BN, ReLU": (True, "relu", "-"),
    "BN, tanh": (True, "tanh", "--"),
    "BN, linear": (True, "linear", ":"),
    "none, ReLU": (False, "relu", "-"),
}


@dataclass(frozen=True, kw_only=True)
class Explosion(Experiment):
    """Yang et al. 2019: gradients explode with depth behind batch normalization.

    Paper      "A Mean Field Theory of Batch Normalization", arXiv 1902.08129: at initialization
               the squared gradient of a deep network of batch normalization and ReLU grows by
               pi / (pi - 1) = 1.467 a layer towards the inputs, its norm by 1.211; no variance of
               the weights removes that, and it is smaller the more linear the activation.
    Claims     With BN and ReLU the norm grows by 1.17 to 1.26 a layer, without BN by 0.97 to 1.03;
               with BN and no nonlinearity by a factor nearer to 1 than with ReLU.
    Ours       MLP of 20 layers of 512, batch 128 (--scale gpu: 50 of 1,024, batch 1,024), normal
               inputs, a normal gradient at the outputs, He weights (1 / fan-in for tanh and
               linear), float64. Growth is the slope of the logarithm over the layers.
    Cost       40 networks, 1 CPU minute.
    Command    python -m benchmarks run yang2019.explosion --out results
    """

    seeds: int = option(10, "networks", least=1, most=10_000)
    depth: int = option(20, "hidden layers", least=3, gpu=50)
    width: int = option(512, "units of a layer", least=2, gpu=1024)
    batch: int = option(128, "examples", least=2, gpu=1024)

    def plan(self):
        about = {"depth": self.depth, "width": self.width, "examples": self.batch}
        function = "benchmarks.yang2019.growth.slopes"
        yield {arm: self.paired(Computation(function, {**about, "batch": bn, "activation": phi}))
               for arm, (bn, phi, _) in ARMS.items()}  # fmt: skip

    def growth(self, norms) -> float:
        return float(np.exp(-np.polyfit(range(len(norms)), np.log(norms), 1)[0]))

    def claims(self, found):
        of = {arm: found[arm].quantity(self.growth, "growth a layer") for arm in ARMS}
        target = {"target": "yang19-explode"}
        relu, plain = of["BN, ReLU"], of["none, ReLU"]
        yield Claim("With BN and ReLU the gradient grows by 1.21 a layer.",
                    all_of(relu > 1.17, relu < 1.26), paper="1.211", **target)  # fmt: skip
        yield Claim("Without BN it does not grow.", all_of(plain > 0.97, plain < 1.03),
                    paper="1", **target)  # fmt: skip
        yield Claim("With BN it grows less where there is no nonlinearity.",
                    abs(of["BN, linear"] - 1) < abs(relu - 1), paper="less", **target)  # fmt: skip

    def tables(self, found):
        rows = [{"network": arm, "growth a layer": interval_text([*map(self.growth, found[arm])])}
                for arm in ARMS]  # fmt: skip
        yield Table(f"{self.name()}-growth", pd.DataFrame(rows), "Medians over networks.")

    def figures(self, found):
        figure = Figure(self.name(), found.folder, "Root mean square gradient by layer over that "
                        "of the last: median over networks, band over all.")  # fmt: skip
        with drawing(figure) as axis:
            for arm, (bn, _, line) in ARMS.items():
                values = np.array(list(found[arm]))
                values /= values[:, -1:]
                x, look = range(1, self.depth + 1), colour("batch" if bn else "none")
                axis.plot(x, np.median(values, 0), line, label=arm, color=look)
                axis.fill_between(x, values.min(0), values.max(0), alpha=0.2, fc=look)
            axis.set(yscale="log", xlabel="layer", ylabel="gradient / that of the last layer")
            axis.xaxis.get_major_locator().set_params(integer=True)
            axis.legend()
        yield figure
