"""Kim et al. 2025: the variance behind each block of a transformer, by where LN stands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from keras_norms.lab.backend import backend
from keras_norms.lab.claim import Claim
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.inequality import all_of
from keras_norms.lab.job import Computation
from keras_norms.lab.options import option
from keras_norms.lab.quantity import Quantity
from keras_norms.lab.report.claims import interval_text
from keras_norms.lab.report.figures import Figure, drawing
from keras_norms.lab.report.tables import Table

PRE, PERI, SCALED, POST = "pre", "peri", "scaled", "post"
LINES = {PRE: "-", PERI: "--", SCALED: ":", POST: "-."}
TIMES = (1.0, 2.0)  # the kernels: as they start, and as training may leave them


@dataclass(frozen=True, kw_only=True)
class VarianceGrowth(Experiment):
    """Kim et al. 2025: the variance behind each block of a transformer, by where LN stands.

    Paper      "Peri-LN: Revisiting Normalization Layer in the Transformer Architecture", arXiv
               2502.02732: with LN before each sublayer alone (pre) nothing bounds what it adds, and
               the variance may explode as weights grow; with LN behind it too (peri) each block
               adds about as much, whatever its weights; with LN behind the sum (post) it is 1.
               Beside it Sun et al. 2025, arXiv 2502.05795: inputs over sqrt(block) bound it more.
    Claims     Peri: the variance grows linearly (squared correlation above 0.99), and twice the
               kernels change the last block's by less than 20 %. Pre: it grows, and twice the
               kernels multiply the last block's by more than 4 (control of the claim before).
               Post: within 1 % of 1. Scaled: the last block's is below half of pre's.
    Ours       Character transformer at initialization, random characters, width 64, depth 12. That
               weights grow in training is put in by hand; nothing is trained.
    Cost       36 networks, a minute of CPU time.
    Command    python -m benchmarks run kim2025.variance_growth --out results
    """

    depth: int = option(12, "blocks", least=3)
    width: int = option(64, "of the network, by four heads", least=4)

    def plan(self):
        about = {"depth": self.depth, "width": self.width, "context": 32, "texts": 8}
        yield {norm: self.paired(Computation(
            "benchmarks.kim2025.variance.by_block", {**about, "norm": norm, "times": [*TIMES]},
            backend=backend())) for norm in LINES}  # fmt: skip

    def last(self, found, norm: str, place: int = 0) -> Quantity:
        words = "last variance" + (f", {TIMES[place]:g} times the kernels" if place else "")
        return found[norm].quantity(lambda o: o[place][-1], words)

    def claims(self, found):
        def straight(one) -> float:
            return float(np.corrcoef(np.arange(self.depth), one[0])[0, 1] ** 2)

        grows = {norm: self.last(found, norm, 1) / self.last(found, norm) for norm in LINES}
        target, control = {"target": "kim25-variance"}, grows[PRE] > 4
        yield Claim("Pre: the variance grows from block to block.",
                    self.last(found, PRE) / found[PRE].quantity(lambda o: o[0][0], "first") > 2,
                    paper="grows", **target)  # fmt: skip
        yield Claim("Pre: with the weights it grows without bound.", control, paper="explodes",
                    **target)  # fmt: skip
        yield Claim("Peri: it grows linearly, whatever the weights.",
                    all_of(found[PERI].quantity(straight, "squared correlation") > 0.99,
                           grows[PERI] > 0.8, grows[PERI] < 1.2),
                    paper="linearly", control=control, **target)  # fmt: skip
        yield Claim("Post: it is 1.", abs(self.last(found, POST) - 1) < 0.01, paper="1", **target)
        yield Claim("Inputs over √block bound it more than LN before the sublayer alone.",
                    self.last(found, SCALED) / self.last(found, PRE) < 0.5, paper="bounded",
                    target="sun25-scaled")  # fmt: skip

    def tables(self, found):
        rows = [{"LN": norm, **{f"block {k + 1}": interval_text([o[0][k] for o in found[norm]])
                                for k in (0, self.depth // 2, self.depth - 1)},
                 f"last, {TIMES[1]:g} times the kernels": interval_text(
                     [o[1][-1] for o in found[norm]])} for norm in LINES]  # fmt: skip
        yield Table(f"{self.name()}-blocks", pd.DataFrame(rows), "Variance: medians over seeds.")

    def figures(self, found):
        figure = Figure(self.name(), found.folder, "Variance behind each block at the start: "
                        "median over seeds, band over all.")  # fmt: skip
        with drawing(figure, columns=2, width=9) as axes:
            for place, axis in enumerate(axes):
                for k, (norm, line) in enumerate(LINES.items()):
                    values, x = np.array([o[place] for o in found[norm]]), range(1, self.depth + 1)
                    axis.plot(x, np.median(values, 0), line, color=f"C{k}", label=norm)
                    axis.fill_between(x, values.min(0), values.max(0), fc=f"C{k}", alpha=0.2)
                axis.set(yscale="log", xlabel="block", title=f"kernels times {TIMES[place]:g}")
            axes[0].set(ylabel="variance")
            axes[0].legend(title="LN")
        yield figure
