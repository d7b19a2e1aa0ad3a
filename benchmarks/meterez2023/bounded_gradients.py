"""Meterez et al. 2023: linear networks with batch normalization whose gradients do not explode."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.meterez2023.gradients import ARMS
from keras_norms.lab.claim import Claim
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.inequality import all_of
from keras_norms.lab.job import Computation
from keras_norms.lab.options import option
from keras_norms.lab.quantity import Quantity
from keras_norms.lab.report.claims import interval_text
from keras_norms.lab.report.figures import Figure, drawing
from keras_norms.lab.report.tables import Table

STRAIGHT, CENTRED, NORMAL = ARMS
HALF = "orthogonal, half a batch"
LINES = {STRAIGHT: "-", CENTRED: "--", NORMAL: ":", HALF: "-."}


@dataclass(frozen=True, kw_only=True)
class BoundedGradients(Experiment):
    """Meterez et al. 2023: linear networks with batch normalization whose gradients do not explode.

    Paper      "Towards Training Without Depth Limits: Batch Normalization Without Gradient
               Explosion", arXiv 2310.02012: with orthogonal weights, no nonlinearity and linearly
               independent inputs, gradients are bounded at any depth; results on other weights say
               that they explode.
    Claims     At every depth from 4 to 256 the largest gradient of a kernel is less than twice the
               last layer's; also where the mean is subtracted. With normal weights it is more than
               ten times the last layer's at depth 256, which is the control.
    Ours       Width 32, 32 normal examples, float64, a normal gradient at the outputs; BN divides
               by the root mean square ("centred": by the standard deviation). Beside it half as
               many examples as units, for which no bound is claimed.
    Cost       280 networks, 10 CPU seconds.
    Command    python -m benchmarks run meterez2023.bounded_gradients --out results
    """

    seeds: int = option(10, "networks", least=1, most=10_000)
    width: int = option(32, "units of a layer", least=4, gpu=256)
    depths: tuple[int, ...] = option((4, 8, 16, 32, 64, 128, 256), "layers", least=2)

    def plan(self):
        if len({*self.depths}) < 2:
            raise self.invalid("depths", "write two depths or more, to compare")
        yield {self.cell(arm, depth): self.paired(self.one(arm, depth))
               for arm in LINES for depth in self.depths}  # fmt: skip

    def cell(self, arm: str, depth: int) -> str:
        return f"{arm}, depth {depth}"

    def one(self, arm: str, depth: int) -> Computation:
        examples = self.width // 2 if arm == HALF else self.width
        about = {"arm": STRAIGHT if arm == HALF else arm, "depth": depth, "width": self.width}
        return Computation("benchmarks.meterez2023.gradients.by_layer",
                           {**about, "examples": examples}, effort=depth)  # fmt: skip

    def largest(self, found, arm: str, depth: int) -> Quantity:
        return found[self.cell(arm, depth)].quantity(
            lambda norms: max(norms) / norms[-1], "largest / last gradient")  # fmt: skip

    def claims(self, found):
        deep = self.largest(found, NORMAL, max(self.depths))
        control = deep > 10
        for arm, words in ((STRAIGHT, "With"), (CENTRED, "Centred, with")):
            every = [self.largest(found, arm, depth) < 2 for depth in sorted(self.depths)]
            yield Claim(f"{words} orthogonal weights gradients are bounded at any depth.",
                        all_of(*every), paper="bounded", target="meterez23-bounded",
                        control=control)  # fmt: skip
        yield Claim("With normal weights they explode.", control, paper="explode",
                    target="meterez23-bounded")  # fmt: skip

    def tables(self, found):
        rows = [{"depth": depth, **{arm: interval_text([*self.largest(found, arm, depth)
                                                        .values.values()]) for arm in LINES}}
                for depth in sorted(self.depths)]  # fmt: skip
        yield Table(f"{self.name()}-largest", pd.DataFrame(rows),
                    "Largest over last gradient: medians over networks.")  # fmt: skip

    def figures(self, found):
        figure = Figure(self.name(), found.folder, "Largest gradient of a kernel over that of the "
                        "last layer: median over networks, band over all.")  # fmt: skip
        depths = sorted(self.depths)
        with drawing(figure) as axis:
            for place, (arm, line) in enumerate(LINES.items()):
                values = np.array([[*self.largest(found, arm, d).values.values()] for d in depths])
                axis.plot(depths, np.median(values, 1), line, color=f"C{place}", label=arm)
                axis.fill_between(depths, values.min(1), values.max(1), fc=f"C{place}", alpha=0.2)
            axis.set(xscale="log", yscale="log", xlabel="depth", ylabel="largest / last gradient")
            axis.set_xticks(depths, [str(depth) for depth in depths])
            axis.minorticks_off()
            axis.legend()
        yield figure
