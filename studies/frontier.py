"""The largest stable learning rate by depth, for each normalizer.

Question   How does the largest learning rate that still trains change with depth, without a
           normalizer and with each of several?
Edges      Two, per seed. Blow-up: above it the loss is not finite or exceeds ten times max(first
           loss, ln classes). Trains: above it the accuracy over the last tenth of the steps no
           longer beats chance c by (1 - c) / 9; it belongs to its step budget, for with more steps
           more learning rates train.
Search     A posterior over both edges for each seed; the next run is the one that is expected to
           tell most about them, until both 90 % intervals are 0.3 decades wide or 16 runs are
           done. The neighbouring depth gives the prior, blurred by half a decade and with a tenth
           of a uniform one.
Set-up     SGD at a constant learning rate, He-normal weights, mini-batches of 64. --momentum;
           --applies-to body or kernels sweeps the learning rate of these alone, the head (and
           gamma, beta and biases) at --rest-rate, for they set the ceiling of a normalized net.
Numbers    Median over seeds, with the 90 % interval of the seeds' posteriors taken together.
Beware     Seeds are three, so an interval's between-seed part is rough. Where blow-up is no
           threshold, dead but finite runs lying between blown-up ones, the table says so.
Cost       With the defaults about 1800 runs of 200 steps: some 15 CPU minutes with TensorFlow,
           most of it compiling; --quick about 290 runs.
Command    python -m studies run frontier --out results
GPU        Ready and never run, for want of one:
           KERAS_BACKEND=jax python -m studies run frontier --data cifar10 --model resnet --width 16
           --depths 20 32 56 110 --steps 1000 --data-dir ~/tensorflow_datasets
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import optuna

from keras_norms.lab.edges.cell import Cell
from keras_norms.lab.errors import BadInput
from keras_norms.lab.frame import provenance_line
from keras_norms.lab.report.cell_plots import draw_chances, draw_trace
from keras_norms.lab.report.figures import Figure
from keras_norms.lab.report.frontier_plot import draw_frontier
from keras_norms.lab.report.frontier_table import frontier_summary, frontier_table
from keras_norms.lab.report.page import Section
from keras_norms.lab.training import Run
from studies import charting

FEW = ("none", "batch:momentum=0.9", "layer", "group:groups=8")
MANY = (*FEW, "rms", "variance:momentum=0.9", "dynamic_tanh", "weight", "ws", "sws")
WIDTHS = {"mlp": 64, "plain": 8, "resnet": 8, "inception": 8}
DEPTHS = {
    "mlp": (4, 8, 16, 32, 64),
    "plain": (8, 14, 20, 32, 56),
    "resnet": (8, 14, 20, 32, 56),
    "inception": (2, 4, 8),
}
QUICK_DEPTHS = {"mlp": (4, 16), "plain": (8, 20), "resnet": (8, 20), "inception": (2, 8)}
EDGES = {"trains": "largest learning rate that trains", "blow_up": "largest rate before blow-up"}
GROWING = ("normalizers", "depths", "seeds", "most", "quick")


@dataclass(frozen=True, kw_only=True)
class Settings(charting.Settings):
    """What the study covers; `None` takes the default of the model, and of `quick`."""

    data: str = "digits"
    model: str = "mlp"
    normalizers: tuple[str, ...] | None = None
    depths: tuple[int, ...] | None = None
    width: int | None = None
    momentum: float = 0.0
    applies_to: str = "all"
    rest_rate: float = 0.1
    steps: int = 200
    batch: int = 64
    quick: bool = False

    def __post_init__(self) -> None:
        for name in ("normalizers", "depths"):
            if getattr(self, name) == ():
                raise BadInput(f"{name}=() gives nothing to run; write one or more")
        super().__post_init__()

    @property
    def study(self) -> str:
        momentum = f"-momentum{self.momentum:g}" if self.momentum else ""
        part = f"-{self.applies_to}" if self.applies_to != "all" else ""
        return f"frontier-{self.data}-{self.model}{momentum}{part}"

    def chains(self) -> list[list[Run]]:
        """For each normalizer its depths, the smallest first."""
        depths = self.depths or (QUICK_DEPTHS if self.quick else DEPTHS).get(self.model, (2,))
        return [
            [
                Run(
                    data=self.data,
                    model=self.model,
                    normalizer=normalizer,
                    depth=depth,
                    width=self.width or WIDTHS.get(self.model, 16),
                    momentum=self.momentum,
                    applies_to=self.applies_to,
                    rest_rate=self.rest_rate,
                    steps=self.steps,
                    batch=self.batch,
                    learning_rate=self.low,
                    backend=self.backend,
                )
                for depth in sorted(depths)
            ]
            for normalizer in self.normalizers or (FEW if self.quick else MANY)
        ]

    @property
    def what(self) -> str:
        """The set-up in words."""
        first = self.chains()[0][0]
        momentum = f"momentum {self.momentum:g}" if self.momentum else "plain SGD"
        swept = f", learning rate of the {self.applies_to}" if self.applies_to != "all" else ""
        return f"{self.model} of width {first.width}, {self.data}, {momentum}{swept}"


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", help="mlp, plain, resnet or inception")
    parser.add_argument(
        "--normalizers", nargs="+", metavar="SPEC", help="as batch or group:groups=8"
    )
    parser.add_argument("--depths", nargs="+", type=int, metavar="N")
    parser.add_argument("--width", type=int, metavar="N")
    parser.add_argument("--momentum", type=float, metavar="M", help="of SGD (default: 0)")
    parser.add_argument(
        "--applies-to", metavar="PART", help="what is swept: all, body or kernels (default: all)"
    )
    parser.add_argument(
        "--rest-rate", type=float, metavar="RATE", help="learning rate of what is not swept"
    )
    charting.add_options(parser)
    parser.add_argument(
        "--quick", action="store_true", default=None, help="four normalizers, two depths"
    )


effort, run = charting.effort, charting.run


def section(study: optuna.Study, settings: Settings, folder: Path) -> Section:
    """The study's part of the report: figures, table and where they come from."""
    cells = charting.charted(study, settings)
    if not cells:
        return Section("Stable learning rate by depth", ["No run of this study is finished."])
    return Section(
        title=f"Largest stable learning rate by depth ({settings.what})",
        summary=frontier_summary(cells, settings.steps),
        figures=[
            *_frontiers(settings, cells, folder / "figures"),
            *_from_near(settings, cells, folder / "figures"),
        ],
        tables=[frontier_table(cells, settings.study, settings.steps)],
        card=__doc__ or "",
        provenance=f"{provenance_line(study, charting.keys(cells))}; {settings.steps} steps a run",
    )


def _frontiers(settings: Settings, cells: list[Cell], folder: Path) -> list[Figure]:
    """Both edges in one figure, or each in its own where there are many normalizers."""
    many = len({cell.program.normalizer for cell in cells}) > len(FEW)
    figures = []
    for edges in [("trains",), ("blow_up",)] if many else [("trains", "blow_up")]:
        which = EDGES[edges[0]] if many else "largest stable learning rate"
        style = "" if many else " Solid: trains. Dashed: blow-up."
        figures.append(
            draw_frontier(
                folder,
                settings.study + ("-blow-up" if edges == ("blow_up",) else ""),
                cells,
                edges=edges,
                title=f"{which.capitalize()} ({settings.steps} steps)",
                caption=f"{which.capitalize()} by depth: {settings.what}, batch "
                f"{settings.batch}, {settings.steps} steps.{style} Points are seeds, lines join "
                "their medians, bars are 90 % intervals of the seeds' posteriors together.",
            )
        )
    return figures


def _from_near(settings: Settings, cells: list[Cell], folder: Path) -> list[Figure]:
    """The deepest cell in which a learning rate trains: what is known of it, and how it came."""
    trained = [cell for cell in cells if cell.trains.median > 0] or cells
    cell = max(trained, key=lambda cell: cell.program.depth)
    of = f"{cell.program.normalizer.split(':')[0]} at depth {cell.program.depth}"
    return [
        draw_chances(
            folder,
            f"{settings.study}-chances",
            cell,
            title=f"Chance that a run is stable: {of}",
            caption=f"Chance by learning rate that a run trains within {settings.steps} steps, and "
            f"that it does not blow up, for {of}: thin lines are seeds, thick ones their mean. "
            "Below, each row a seed, the runs from which they come.",
        ),
        draw_trace(
            folder,
            f"{settings.study}-trace",
            cell,
            title=f"How the edges were found: {of}",
            caption=f"The runs of one seed of {of} in their order. Bands are the 90 % intervals of "
            "both edges after each run, lines their medians; at 0 the prior, from the neighbouring "
            "depth where there is one.",
        ),
    ]
