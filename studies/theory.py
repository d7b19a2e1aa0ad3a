"""What theory predicts: the curvature's largest stable learning rate against the measured one."""

from __future__ import annotations

from dataclasses import dataclass, replace

from keras_norms.lab.edges.theory import Inputs
from keras_norms.lab.found import Group
from keras_norms.lab.job import Computation
from keras_norms.lab.options import option
from keras_norms.lab.report import theory_page
from keras_norms.lab.report.frontier_plot import depth_of
from keras_norms.lab.training import Run
from studies.frontier import FEW, Frontier

AT = (0, 1, 3, 10, 30, 100)  # and the last step
BELOW = 10**0.5  # the trains edge
INPUTS = "inputs"


@dataclass(frozen=True, kw_only=True)
class Theory(Frontier):
    """What theory predicts: the curvature's largest stable learning rate against the measured one.

    Question   Does 2 (1 + momentum) / lambda_max predict the edges that the frontier study
               measures, for each normalizer and depth, and better than depth alone does? And when
               lambda_max is taken later than at initialization, or from the mean-field recursion?
    lambda_max Largest eigenvalue of the Gauss-Newton (Fisher) matrix of the training loss, by
               Lanczos. Normalizers as in training, on the first training images as one batch.
    Along      The same after 1, 3, 10, 30, 100 and all steps of training at a learning rate half a
    training   decade below the cell's median trains edge: no forecast. Curvature tends towards 2
               over the learning rate that it is trained with (Cohen et al. 2021, arXiv 2103.00065),
               and that rate was chosen by the edge: part of the agreement is by construction.
    Mean field Wei, Stokes & Schwab 2019, arXiv 1903.02606, Claim 3.1, over the number of classes;
               for the MLP without a normalizer and with batch normalization.
    Baseline   1 / depth, which knows no normalizer; beside each prediction its partial correlation
               given depth.
    Agreement  Cells are normalizer and depth, medians over seeds; correlations of the logarithms
               and of ranks. Cells of one normalizer are depths of one family and not independent,
               so the bootstrap intervals over cells are too narrow rather than too wide.
    Fails      Where softmax is saturated the Gauss-Newton matrix is nearly zero and predicts any
               rate: the initial loss stands beside every eigenvalue. No cell is left out.
    Cost       The frontier's runs of four normalizers and 96 measurements: 15 CPU minutes.
    Command    python -m studies run theory --out results
    """

    normalizers: tuple[str, ...] = option(FEW, "specs, as batch or group:groups=8")
    depths: tuple[int, ...] = option((4, 8, 16, 32), "depths", least=1, most=10_000, quick=(4, 16))
    examples: int = option(128, "training images to measure curvature on", least=2)

    def plan(self):
        edges = yield from self.edges()
        inputs = Computation(
            "keras_norms.lab.edges.theory.inputs_of",
            {"data": self.data, "examples": self.examples},
        )
        yield {
            INPUTS: [inputs],
            **{self.place(cell): self.paired(self.measured(cell)) for cell in self.cells(edges)},
        }

    def edges(self):
        """The frontier's searches."""
        return (yield next(super().plan()))

    def place(self, cell) -> str:
        return f"curvature, {cell.program.normalizer}, depth {depth_of(cell)}"

    def measured(self, cell) -> Run:
        """A run whose curvature is looked at: at its start alone where no learning rate trains."""
        edge = min(cell.trains.median, self.high)
        at = [step for step in AT if step < self.steps] + [self.steps] if edge else [0]
        rate = float(f"{edge / BELOW:.4e}") if edge else self.low
        points = ",".join(map(str, at)) + ("," if len(at) == 1 else "")
        probe = f"curvature:at=({points}),examples={self.examples}"
        steps = self.steps if edge else 1
        return replace(cell.program, learning_rate=rate, steps=steps, probes=(probe,))

    def page(self, found) -> theory_page.TheoryPage:
        cells = self.cells(found)
        looks: dict[str, Group] = {self.place(cell): found[self.place(cell)] for cell in cells}
        inputs = Inputs(**found[INPUTS][0])
        return theory_page.TheoryPage(self.name(), cells, [*looks.values()], inputs, self.momentum)

    def summary(self, found):
        return self.page(found).summary()

    def tables(self, found):
        return self.page(found).tables()

    def figures(self, found):
        yield self.page(found).figure(found.folder)
