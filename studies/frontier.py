"""The largest stable learning rate by depth, for each normalizer.

Question   How does the largest learning rate that still trains change with depth, without a
           normalizer and with each of several?
Edges      Two, per seed. Blow-up: the largest learning rate below the first run whose loss is not
           finite or exceeds ten times max(first loss, ln classes). Trains: the largest learning
           rate whose accuracy over the last tenth of the steps beats chance c by (1 - c) / 9; it
           belongs to its step budget, for with more steps more learning rates train.
Set-up     Plain SGD at a constant learning rate, He-normal weights, mini-batches of 64. Learning
           rates 10^(k/8), first one a decade, then halving around both edges; "no rate" means
           that none trained on a grid of quarters of a decade.
Numbers    Median over seeds, with the range of the seeds (not a confidence interval).
Cost       With the defaults about 590 runs: 2 CPU minutes with TensorFlow.
Command    python -m studies run frontier --out results
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import keras
import optuna

from keras_norms.lab.errors import BadInput
from keras_norms.lab.frame import provenance_line
from keras_norms.lab.progress import Progress
from keras_norms.lab.progress import effort as effort_of
from keras_norms.lab.report.frontier_plot import draw_frontier
from keras_norms.lab.report.frontier_table import frontier_summary, frontier_table
from keras_norms.lab.report.page import Section
from keras_norms.lab.stability.frontier import Cell, edges
from keras_norms.lab.stability.search import Lattice, next_rates
from keras_norms.lab.stability.verdict import Verdict
from keras_norms.lab.training import Outcome, Run
from keras_norms.lab.trials import finished, run_trials

WIDTHS = {"mlp": 64, "resnet": 8, "inception": 8}
DEPTHS = {"mlp": (4, 8, 16, 32), "resnet": (8, 20), "inception": (2, 8)}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the study covers; `None` takes the default of the model."""

    data: str = "digits"
    model: str = "mlp"
    normalizers: tuple[str, ...] = ("none", "batch:momentum=0.9", "layer", "group:groups=8")
    depths: tuple[int, ...] | None = None
    width: int | None = None
    seeds: int = 3
    steps: int = 200
    batch: int = 64
    low: float = 1e-4
    high: float = 1e2
    backend: str = field(default_factory=keras.config.backend)

    def __post_init__(self) -> None:
        if self.seeds < 1:
            raise BadInput(f"seeds={self.seeds} gives nothing to run; write 1 or more")
        self.programs()  # checks them all before the first one is trained

    @property
    def study(self) -> str:
        return f"frontier-{self.data}-{self.model}"

    @property
    def chosen_width(self) -> int:
        return self.width or WIDTHS.get(self.model, 16)

    @property
    def lattice(self) -> Lattice:
        return Lattice(self.low, self.high)

    def programs(self) -> list[Run]:
        """One run for each normalizer and depth, its learning rate and seed to be replaced."""
        return [
            Run(
                data=self.data,
                model=self.model,
                normalizer=normalizer,
                depth=depth,
                width=self.chosen_width,
                steps=self.steps,
                batch=self.batch,
                learning_rate=self.low,
                backend=self.backend,
            )
            for normalizer in self.normalizers
            for depth in self.depths or DEPTHS.get(self.model, (2,))
        ]


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", help="mlp, resnet or inception")
    parser.add_argument(
        "--normalizers", nargs="+", metavar="SPEC", help="as batch or group:groups=8"
    )
    parser.add_argument("--depths", nargs="+", type=int, metavar="N")
    parser.add_argument("--width", type=int, metavar="N")
    parser.add_argument("--low", type=float, metavar="RATE", help="smallest learning rate")
    parser.add_argument("--high", type=float, metavar="RATE", help="largest learning rate")


def effort(settings: Settings) -> float:
    return sum(_effort(settings, program) for program in settings.programs())


def _effort(settings: Settings, program: Run) -> float:
    return effort_of(program) * settings.seeds * settings.lattice.typical


def run(
    study: optuna.Study,
    settings: Settings,
    *,
    data_dir: str | Path | None = None,
    progress: Progress | None = None,
) -> None:
    """Trains what is missing, one program to its end before the next is compiled."""
    progress = progress or Progress.silent()
    ask = partial(run_trials, study, data_dir=data_dir, progress=progress)
    for program in settings.programs():
        name = f"frontier, {program.normalizer}, depth {program.depth}"
        with progress.stage(name, _effort(settings, program)):
            explore(program, settings, ask)


def explore(
    program: Run, settings: Settings, ask: Callable[[list[Run]], list[Outcome]]
) -> dict[int, dict[float, Outcome]]:
    """Asks for runs of one program, all seeds at once, until the edges of each seed are known.

    Returns:
        Outcomes by seed and learning rate. Where `ask` leaves some out, the search ends there.
    """
    known: dict[int, dict[float, Outcome]] = {seed: {} for seed in range(settings.seeds)}
    while runs := [
        replace(program, learning_rate=rate, seed=seed)
        for seed, found in known.items()
        for rate in next_rates(_verdicts(found), settings.lattice)
    ]:
        answered = ask(runs)
        for outcome in answered:
            known[outcome.run.seed][outcome.run.learning_rate] = outcome
        if len(answered) < len(runs):
            break
    return known


def _verdicts(found: dict[float, Outcome]) -> dict[float, Verdict]:
    return {rate: outcome.verdict for rate, outcome in found.items()}


def section(study: optuna.Study, settings: Settings, folder: Path) -> Section:
    """The study's part of the report: figure, table and where they come from."""
    done = finished(study)
    cells, keys = [], set()
    for program in settings.programs():
        known = explore(
            program, settings, lambda runs: [done[run.key] for run in runs if run.key in done]
        )
        runs = [outcome.run for outcomes in known.values() for outcome in outcomes.values()]
        if runs:
            found = {seed: edges(_verdicts(outcomes)) for seed, outcomes in known.items()}
            cells.append(Cell(program.normalizer, program.depth, found, len(runs)))
            keys |= {run.key for run in runs}
    if not cells:
        return Section("Stable learning rate by depth", ["No run of this study is finished."])
    what = f"{settings.model} of width {settings.chosen_width}, {settings.data}"
    return Section(
        title=f"Largest stable learning rate by depth ({what})",
        summary=frontier_summary(cells, settings.steps),
        figures=[
            draw_frontier(
                folder / "figures",
                settings.study,
                cells,
                title=f"Largest stable learning rate within {settings.steps} steps",
                caption=f"Largest stable learning rate by depth: {what}, plain SGD, batch "
                f"{settings.batch}. Solid: trains, that is, beats chance within {settings.steps} "
                "steps. Dashed: blow-up. Points are seeds, bars their range, lines join medians; "
                "learning rates are resolved to an eighth of a decade.",
            )
        ],
        tables=[frontier_table(cells, settings.study, settings.steps)],
        card=__doc__ or "",
        provenance=f"{provenance_line(study, keys)}; {settings.steps} steps a run",
    )
