"""The largest stable learning rate by depth, for each normalizer."""

from __future__ import annotations

from dataclasses import dataclass

from keras_norms.lab.edges.cell import Cell
from keras_norms.lab.options import RATE, option
from keras_norms.lab.report.cell_plots import draw_chances, draw_trace
from keras_norms.lab.report.frontier_plot import draw_frontier
from keras_norms.lab.report.frontier_table import frontier_summary, frontier_table
from studies.edges import EdgeExperiment

FEW = ("none", "batch:momentum=0.9", "layer", "group:groups=8")
MANY = (*FEW, "rms", "variance:momentum=0.9", "dynamic_tanh", "weight", "ws+group:groups=8", "sws")


@dataclass(frozen=True, kw_only=True)
class Frontier(EdgeExperiment):
    """The largest stable learning rate by depth, for each normalizer.

    Question   How does the largest learning rate that still trains change with depth, without a
               normalizer and with each of several?
    Edges      Four, ordered, per seed. Blow-up: above it the loss is not finite or exceeds ten
               times max(first loss, ln classes). Alive ("trains"): above it the accuracy over the
               last tenth of the steps no longer beats chance c by (1 - c) / 9; it belongs to its
               step budget. Useful: the final training loss is below half of ln classes. Lower: the
               same at the lower end.
    Search     One posterior over the edges of each seed; the next run is the one that is expected
               to tell most about them, until the 90 % intervals are 0.3 decades wide or 16 runs are
               done. The neighbouring depth gives the prior, blurred by half a decade and with a
               tenth of a uniform one.
    Set-up     SGD at a constant learning rate, He-normal weights, mini-batches of 64. --applies-to
               body or kernels sweeps the learning rate of these alone, the head (and gamma, beta
               and biases) at --rest-rate, for they set the ceiling of a normalized net.
    Numbers    Median over seeds with its 90 % interval, and the 90 % range of a new seed.
    Beware     Weight standardization alone has no scale for its fan-in and stands in front of group
               normalization here, as in its paper.
    Cost       With the defaults about 3,600 runs of 200 steps: some 30 CPU minutes; --scale quick
               about 290 runs.
    Command    python -m studies run frontier --out results
    GPU        Ready and never run, for want of one: KERAS_BACKEND=jax python -m studies run
               frontier --data cifar10 --model resnet:width=16 --depths 20 32 56 110 --steps 1000
    """

    model: str = option("mlp:width=64", "model without its depth")
    normalizers: tuple[str, ...] = option(MANY, "specs, as batch or group:groups=8", quick=FEW)
    depths: tuple[int, ...] = option(
        (4, 8, 16, 32, 64),
        "depths",
        least=1,
        most=10_000,
        quick=(4, 16),
        resnet=(8, 14, 20, 32, 56),
    )
    momentum: float = option(0.0, "of SGD", least=0, most=0.9999)
    applies_to: str = option("all", "what is swept", choices=("all", "body", "kernels"))
    rest_rate: float = option(0.1, "learning rate of what is not swept", **RATE)

    def chains(self):
        separator = "," if ":" in self.model else ":"
        optimizer = f"sgd:momentum={self.momentum:g},applies_to={self.applies_to}"
        if self.applies_to != "all":
            optimizer += f",rest_rate={self.rest_rate:g}"
        return {
            normalizer: [
                self.program(
                    model=f"{self.model}{separator}depth={depth}",
                    normalizer=normalizer,
                    optimizer=optimizer,
                )
                for depth in sorted(self.depths)
            ]
            for normalizer in self.normalizers
        }

    def summary(self, found):
        return frontier_summary(self.cells(found), self.steps)

    def tables(self, found):
        yield frontier_table(self.cells(found), self.name(), self.steps)

    def figures(self, found):
        cells = self.cells(found)
        yield draw_frontier(found.folder, self.name(), cells, steps=self.steps, what=self.what)
        deepest = self.deepest(cells)
        yield draw_chances(found.folder, f"{self.name()}-chances", deepest, self.steps)
        yield draw_trace(found.folder, f"{self.name()}-trace", deepest)

    @property
    def what(self) -> str:
        """The set-up in words."""
        swept = f", rate of the {self.applies_to}" if self.applies_to != "all" else ""
        momentum = f"momentum {self.momentum:g}" if self.momentum else "plain SGD"
        return f"{self.model}, {self.data}, {momentum}{swept}, batch {self.batch}"

    def deepest(self, cells: list[Cell]) -> Cell:
        """The deepest cell in which a learning rate trains."""
        trained = [cell for cell in cells if cell.trains.median > 0] or cells
        return max(trained, key=lambda cell: cell.program.of("model").arguments["depth"])
