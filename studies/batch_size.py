"""The largest stable learning rate and the best accuracy by batch size, for each normalizer.

Question   Where does a normalizer that takes its statistics from the batch lose to one that does
           not, and to its own kind made for small batches?
Regime     Batch normalization and three of its kind that change what a small batch gives it
           (batch renormalization, batch-group normalization, normalization over groups of
           channels and examples alike), beside group and layer normalization and none.
Edges      As in `frontier`: blow-up and trains, searched for each seed, the neighbouring batch
           size giving the prior.
Accuracy   For each seed the highest final test accuracy among the learning rates that the search
           tried, so each normalizer and batch size has a learning rate of its own; the median over
           seeds, with their range. It is chosen on the test set and so a little optimistic,
           alike for all.
Set-up     MLP of depth 8, plain SGD, 200 steps whatever the batch size: a batch of 2 sees 400
           examples and one of 128 sees 25 600, so compare normalizers at one batch size.
           Moving averages with momentum 0.9, since the runs are short.
Cost       With the defaults about 1500 runs.
Command    python -m studies run batch_size --out results
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import optuna

from keras_norms.lab.errors import BadInput
from keras_norms.lab.frame import provenance_line
from keras_norms.lab.report.accuracy_plot import accuracy_table, draw_accuracy
from keras_norms.lab.report.frontier_plot import Along, draw_frontier
from keras_norms.lab.report.frontier_table import frontier_summary, frontier_table
from keras_norms.lab.report.page import Section
from keras_norms.lab.training import Run
from studies import charting

NORMALIZERS = (
    "none",
    "batch:momentum=0.9",
    "renorm:momentum=0.9,warmup_steps=20,r_max_steps=60,d_max_steps=60",
    "batch_group:groups=8,momentum=0.9",
    "group:groups=8",
    "layer",
)
BATCH = Along("batch size", "mini-batch size", lambda cell: cell.program.batch)
GROWING = ("normalizers", "batches", "seeds", "most")


@dataclass(frozen=True, kw_only=True)
class Settings(charting.Settings):
    """What the study covers."""

    data: str = "digits"
    model: str = "mlp"
    depth: int = 8
    width: int = 64
    normalizers: tuple[str, ...] = NORMALIZERS
    batches: tuple[int, ...] = (2, 4, 8, 16, 32, 64, 128)
    steps: int = 200

    def __post_init__(self) -> None:
        for name in ("normalizers", "batches"):
            if not getattr(self, name):
                raise BadInput(f"{name}=() gives nothing to run; write one or more")
        super().__post_init__()

    @property
    def study(self) -> str:
        return f"batch_size-{self.data}-{self.model}"

    def chains(self) -> list[list[Run]]:
        """For each normalizer its batch sizes, the largest first, where all of them are at home."""
        return [
            [
                Run(
                    data=self.data,
                    model=self.model,
                    normalizer=normalizer,
                    depth=self.depth,
                    width=self.width,
                    steps=self.steps,
                    batch=batch,
                    learning_rate=self.low,
                    backend=self.backend,
                )
                for batch in sorted(self.batches, reverse=True)
            ]
            for normalizer in self.normalizers
        ]


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", help="mlp, plain, resnet or inception")
    parser.add_argument("--depth", type=int, metavar="N")
    parser.add_argument("--width", type=int, metavar="N")
    parser.add_argument(
        "--normalizers", nargs="+", metavar="SPEC", help="as batch or group:groups=8"
    )
    parser.add_argument("--batches", nargs="+", type=int, metavar="N", help="mini-batch sizes")
    charting.add_options(parser)


effort, run = charting.effort, charting.run


def section(study: optuna.Study, settings: Settings, folder: Path) -> Section:
    """The study's part of the report: edges and accuracy by batch size."""
    cells = charting.charted(study, settings)
    if not cells:
        return Section("Batch size", ["No run of this study is finished."])
    what = f"{settings.model} of depth {settings.depth} and width {settings.width}, {settings.data}"
    figures, name, steps = folder / "figures", settings.study, settings.steps
    return Section(
        title=f"Learning rate and accuracy by batch size ({what})",
        summary=frontier_summary(cells, steps, BATCH),
        figures=[
            draw_frontier(
                figures,
                name,
                cells,
                along=BATCH,
                edges=("trains",),
                title=f"Largest learning rate that trains ({steps} steps)",
                caption=f"Largest learning rate that trains within {steps} steps by batch size: "
                f"{what}, plain SGD. Points are seeds, lines join their medians, bars are 90 % "
                "intervals of the seeds' posteriors together.",
            ),
            draw_accuracy(
                figures,
                f"{name}-accuracy",
                cells,
                BATCH,
                title=f"Best test accuracy ({steps} steps)",
                caption=f"Test accuracy after {steps} steps at the best learning rate of each "
                f"seed among those tried: {what}, plain SGD. Lines are medians over seeds, bars "
                "their range. Larger batches see more examples.",
            ),
        ],
        tables=[
            frontier_table(cells, name, steps, BATCH),
            accuracy_table(cells, f"{name}-accuracy", BATCH),
        ],
        card=__doc__ or "",
        provenance=f"{provenance_line(study, charting.keys(cells))}; {steps} steps a run",
    )
