"""Group normalization from layer to instance: stable learning rates and the cost of a step.

Question   From one group (layer normalization over a whole example) to one channel a group
           (instance normalization): which learning rates train, and what does a step cost?
Edges      As in `frontier`: blow-up and trains, searched for each seed, the neighbouring number of
           groups giving the prior.
Time       CPU time a training step, everything included (the convolutions, the evaluation at the
           end), as the median over the runs that trained; it is measured while the search runs,
           so on a busy machine compare only large differences, and see
           `python -m benchmarks run speed` for the layer alone.
Set-up     ResNet-8 with 8, 16 and 32 channels, plain SGD, mini-batches of 32, 120 steps.
Cost       With the defaults about 200 runs.
Command    python -m studies run group_size --out results
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import optuna

from keras_norms.lab.edges.cell import Cell
from keras_norms.lab.errors import BadInput
from keras_norms.lab.frame import provenance_line
from keras_norms.lab.report.frontier_plot import Along
from keras_norms.lab.report.frontier_table import frontier_table
from keras_norms.lab.report.page import Section
from keras_norms.lab.report.trade_off_plot import draw_trade_off, milliseconds, trade_off_summary
from keras_norms.lab.training import Run
from studies import charting

INSTANCE = -1  # groups of one channel
GROWING = ("groups", "seeds", "most")


@dataclass(frozen=True, kw_only=True)
class Settings(charting.Settings):
    """What the study covers; `groups` has -1 for one channel a group."""

    data: str = "digits"
    model: str = "resnet"
    depth: int = 8
    width: int = 8
    groups: tuple[int, ...] = (1, 2, 4, 8, INSTANCE)
    steps: int = 120
    batch: int = 32

    def __post_init__(self) -> None:
        if not self.groups:
            raise BadInput("groups=() gives nothing to run; write one or more")
        super().__post_init__()

    @property
    def study(self) -> str:
        return f"group_size-{self.data}-{self.model}"

    def chains(self) -> list[list[Run]]:
        """One chain: the numbers of groups, the smallest first, and one channel a group last."""
        groups = sorted(self.groups, key=lambda count: (count == INSTANCE, count))
        return [
            [
                Run(
                    data=self.data,
                    model=self.model,
                    normalizer=f"group:groups={count}",
                    depth=self.depth,
                    width=self.width,
                    steps=self.steps,
                    batch=self.batch,
                    learning_rate=self.low,
                    backend=self.backend,
                )
                for count in groups
            ]
        ]


def named(cell: Cell) -> str:
    """The number of groups as it is told."""
    count = int(cell.program.normalizer.rpartition("=")[2])
    return {1: "1 (layer)", INSTANCE: "channels (instance)"}.get(count, str(count))


GROUPS = Along("groups", "groups", named)


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", help="plain, resnet or inception")
    parser.add_argument("--depth", type=int, metavar="N")
    parser.add_argument("--width", type=int, metavar="N", help="channels of the first stage")
    parser.add_argument(
        "--groups", nargs="+", type=int, metavar="N", help="-1 for one channel a group"
    )
    charting.add_options(parser)


effort, run = charting.effort, charting.run


def section(study: optuna.Study, settings: Settings, folder: Path) -> Section:
    """The study's part of the report: edges and cost on the same axes."""
    cells = charting.charted(study, settings)
    if not cells:
        return Section("Group size", ["No run of this study is finished."])
    what = f"{settings.model} of depth {settings.depth} and width {settings.width}, {settings.data}"
    table = frontier_table(cells, settings.study, settings.steps, GROUPS)
    table.frame["ms a step"] = [f"{milliseconds(cell)[0]:.2f}" for cell in cells]
    return Section(
        title=f"Group normalization by number of groups ({what})",
        summary=trade_off_summary(cells, named, settings.steps),
        figures=[
            draw_trade_off(
                folder / "figures",
                settings.study,
                cells,
                named,
                title=f"Learning rates and cost by number of groups ({settings.steps} steps)",
                caption=f"Both edges and the CPU time of a training step: {what}, plain SGD, batch "
                f"{settings.batch}. Points are seeds, bars 90 % intervals of the seeds' posteriors "
                "together; the bars of the cost are the middle half of the runs.",
            )
        ],
        tables=[table],
        card=__doc__ or "",
        provenance=f"{provenance_line(study, charting.keys(cells))}; {settings.steps} steps a run",
    )
