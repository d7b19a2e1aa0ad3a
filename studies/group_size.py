"""Group normalization by the number of its groups: stable learning rates and cost."""

from __future__ import annotations

from dataclasses import dataclass

from keras_norms.lab.edges.cell import Cell
from keras_norms.lab.options import option
from keras_norms.lab.report.frontier_plot import Along
from keras_norms.lab.report.frontier_table import frontier_table
from keras_norms.lab.report.trade_off_plot import draw_trade_off, milliseconds, trade_off_summary
from studies.edges import EdgeExperiment

INSTANCE = -1  # groups of one channel


def named(cell: Cell) -> str:
    """The number of groups as it is shown."""
    count = int(cell.program.normalizer.rpartition("=")[2])
    return {1: "1 (layer)", INSTANCE: "channels (instance)"}.get(count, str(count))


GROUPS = Along("groups", "groups", named)


@dataclass(frozen=True, kw_only=True)
class GroupSize(EdgeExperiment):
    """Group normalization by the number of its groups: stable learning rates and cost.

    Question   What does the number of groups trade? One group is layer normalization, one channel
               a group instance normalization.
    Edges      As in `frontier`, searched for each seed, the neighbouring number of groups giving
               the prior.
    Cost of    CPU time of a training step: the median and the middle half over the runs that went
    a step     to the end.
    Set-up     ResNet-8 on digits, plain SGD, 120 steps, mini-batches of 32.
    Cost       With the defaults about 400 runs, 20 CPU minutes.
    Command    python -m studies run group_size --out results
    """

    model: str = option("resnet:depth=8,width=8", "model")
    groups: tuple[int, ...] = option(
        (1, 2, 4, 8, INSTANCE), "numbers of groups; -1 for one channel a group", least=-1
    )
    steps: int = option(120, "steps a run", least=1)
    batch: int = option(32, "examples a step", least=1)

    def chains(self):
        counts = sorted(self.groups, key=lambda count: (count == INSTANCE, count))
        programs = [
            self.program(model=self.model, normalizer=f"group:groups={count}") for count in counts
        ]
        return {"group": programs}

    def summary(self, found):
        return trade_off_summary(self.cells(found), named, self.steps)

    def tables(self, found):
        cells = self.cells(found)
        table = frontier_table(cells, self.name(), self.steps, GROUPS)
        table.frame["ms a step"] = [f"{milliseconds(cell)[0]:.2f}" for cell in cells]
        yield table

    def figures(self, found):
        yield draw_trade_off(
            found.folder,
            self.name(),
            self.cells(found),
            named,
            title=f"Learning rates and cost by number of groups ({self.steps} steps)",
            caption=f"Both edges and the CPU time of a training step: {self.model}, {self.data}, "
            f"plain SGD, batch {self.batch}. Points are seeds, bars 90 % intervals of the "
            "population's median; the bars of the cost are the middle half of the runs.",
        )
