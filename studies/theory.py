"""What theory predicts: the curvature's largest stable learning rate against the measured one.

Question   Does 2 (1 + momentum) / lambda_max predict the edges that the frontier study measures,
           for each normalizer and depth? And does it when lambda_max is taken later than at
           initialization, or from the mean-field recursion instead of from the network?
lambda_max Largest eigenvalue of the Gauss-Newton (Fisher) matrix of the training loss, by Lanczos
           on products with the Jacobian and its transpose. Normalizers as in training, on the
           first training images as one batch, for each seed's own weights.
Along      The same after 1, 3, 10, 30, 100 and all steps of training at a learning rate half a
training   decade below the cell's median trains edge: no forecast. Curvature tends towards 2 over
           the learning rate that it is trained with (Cohen et al. 2021, arXiv 2103.00065), and
           that rate was chosen by the edge: part of the agreement is there by construction.
Mean field Wei, Stokes & Schwab 2019, arXiv 1903.02606, Claim 3.1, over the number of classes;
           for the MLP without a normalizer and with batch normalization.
Measured   The frontier study's edges, of the same storage; its runs are trained where absent.
Agreement  Cells are normalizer and depth, medians over seeds; correlations of the logarithms and
           of ranks. Cells of one normalizer are depths of one family and not independent, so the
           bootstrap intervals over cells are too narrow rather than too wide.
Fails      Where softmax is saturated the Gauss-Newton matrix is nearly zero and predicts any rate:
           the initial loss stands beside every eigenvalue. No cell is left out.
Cost       With the defaults the frontier's 590 runs and 48 measurements: 6 CPU minutes with
           TensorFlow.
Command    python -m studies run theory --out results
"""

from __future__ import annotations

import argparse
import dataclasses
from dataclasses import dataclass, replace
from pathlib import Path

import optuna

from keras_norms.lab import data
from keras_norms.lab.edges.cell import Cell
from keras_norms.lab.edges.measurements import finished, measure_missing, measured_by
from keras_norms.lab.edges.sharpness import Measurement
from keras_norms.lab.edges.theory import Inputs
from keras_norms.lab.errors import BadInput
from keras_norms.lab.frame import origin_line
from keras_norms.lab.progress import Progress
from keras_norms.lab.progress import effort as effort_of
from keras_norms.lab.report.page import Section
from keras_norms.lab.training import Run
from studies import charting, frontier
from studies.theory_page import contents

INPUTS = "inputs"
AT = (0, 1, 3, 10, 30, 100)  # and the last step
BELOW = 10**0.5  # the trains edge
GROWING = frontier.GROWING


@dataclass(frozen=True, kw_only=True)
class Settings(frontier.Settings):
    """Those of the frontier study, and how many training images the curvature is measured on."""

    normalizers: tuple[str, ...] = frontier.FEW
    depths: tuple[int, ...] = (4, 8, 16, 32)
    examples: int = 128

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.examples < 2:
            raise BadInput(f"examples={self.examples} have no batch statistics; write 2 or more")

    @property
    def study(self) -> str:
        return f"theory-{self.data}-{self.model}"

    @property
    def frontier(self) -> frontier.Settings:
        names = [field.name for field in dataclasses.fields(frontier.Settings)]
        return frontier.Settings(**{name: getattr(self, name) for name in names})


def add_options(parser: argparse.ArgumentParser) -> None:
    frontier.add_options(parser)
    parser.add_argument(
        "--examples", type=int, metavar="N", help="training images to measure curvature on"
    )


def effort(settings: Settings) -> float:
    return frontier.effort(settings.frontier) + sum(map(_effort, programs(settings))) * (
        settings.seeds
    )


def programs(settings: Settings) -> list[Run]:
    """One for each cell of the frontier."""
    return [program for chain in settings.chains() for program in chain]


def _effort(program: Run) -> float:
    return 4 * effort_of(program)  # roughly: about sixty products and a training


def run(
    study: optuna.Study,
    settings: Settings,
    *,
    data_dir: str | Path | None = None,
    progress: Progress | None = None,
) -> None:
    """Trains what the frontier lacks, then measures what is missing, one program after another."""
    progress = progress or Progress.silent()
    measured = frontier_of(study, settings)
    frontier.run(measured, settings.frontier, data_dir=data_dir, progress=progress)
    cells = {cell_of(c.program): c for c in frontier_cells(measured, settings)}
    inputs = Inputs.of(data.load(settings.data, data_dir=data_dir), settings.examples)
    study.set_user_attr(INPUTS, dataclasses.asdict(inputs))
    measure = measured_by(data_dir)
    for program in programs(settings):
        name = f"curvature, {program.normalizer}, depth {program.depth}"
        with progress.stage(name, _effort(program) * settings.seeds):
            for wanted in measurements(program, settings, cells):
                measure_missing(study, [wanted], measure)
                progress.spent(_effort(program))


def frontier_of(study: optuna.Study, settings: Settings) -> optuna.Study:
    """The frontier study that stands in the same storage."""
    return optuna.create_study(
        study_name=settings.frontier.study,
        storage=study._storage,
        direction="maximize",
        load_if_exists=True,
        sampler=optuna.samplers.RandomSampler(),
    )


def frontier_cells(measured: optuna.Study, settings: Settings) -> list[Cell]:
    """The cells of the frontier as far as they are charted."""
    return charting.charted(measured, settings.frontier)


def cell_of(program: Run) -> tuple[str, int]:
    return program.normalizer, program.depth


def measurements(
    program: Run, settings: Settings, cells: dict[tuple[str, int], Cell]
) -> list[Measurement]:
    """One for each seed of a cell; at initialization alone where no learning rate trains."""
    cell = cells.get(cell_of(program))
    edge = cell.trains.median if cell else 0.0
    if edge == 0.0:
        stable, at = program, (0,)
    else:
        rate = min(edge, settings.high) / BELOW
        stable = replace(program, learning_rate=float(f"{rate:.4e}"))
        at = (*[step for step in AT if step < program.steps], program.steps)
    return [
        Measurement(replace(stable, seed=seed), settings.examples, at)
        for seed in range(settings.seeds)
    ]


def section(study: optuna.Study, settings: Settings, folder: Path) -> Section:
    """The study's part of the report: figure, tables and where they come from."""
    charted = frontier_cells(frontier_of(study, settings), settings)
    found = {cell_of(cell.program): cell for cell in charted}
    done = finished(study)
    wanted = [m for program in programs(settings) for m in measurements(program, settings, found)]
    kept = [(m, done[m.key]) for m in wanted if m.key in done]
    title = "Predicted and measured stable learning rates"
    if not kept:
        return Section(title, ["No measurement of this study is finished."])
    inputs = Inputs(**study.user_attrs[INPUTS])
    return Section(
        title=f"{title} ({settings.what})",
        **contents(settings.study, kept, found, inputs, folder),
        card=__doc__ or "",
        provenance=origin_line([trial for _, trial in kept], "measurements"),
    )
