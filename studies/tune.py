"""Test accuracy over learning rate, momentum, weight decay and normalizer, the usual Optuna way.

Question   Which normalizer, with which learning rate, momentum and L2 weight, ends at the highest
           test accuracy within a number of steps, and which of these four matters most?
Search     Optuna's TPE proposes, its Hyperband pruner stops what lags behind at a tenth, two
           tenths, ... of the steps. A run that blows up counts as an accuracy of 0.
Set-up     SGD at a constant learning rate, mini-batches of 64, one seed for weights and batches.
Importance PED-ANOVA, Optuna's default: how far the distribution of a parameter among the best
           tenth of the finished trials is from that among all of them. It says what sets good
           trials apart within the searched ranges, and changes with them.
Beware     The accuracy that is searched for is that of the test set, of one seed, and the best of
           many is an optimistic number: for a comparison with intervals use `benchmarks`.
Cost       With the defaults 100 trials: 1 CPU minute with TensorFlow.
Command    python -m studies tune --out results
           python -m studies run tune --normalizers batch layer --trials 50 --out results
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, field
from pathlib import Path

import keras
import optuna
from optuna.trial import TrialState

from keras_norms.lab.errors import BadInput
from keras_norms.lab.frame import provenance_line
from keras_norms.lab.lease import KEY, OWNER, PROVENANCE, RENEWED, RUN, fail_dead, owner
from keras_norms.lab.progress import Progress
from keras_norms.lab.progress import effort as effort_of
from keras_norms.lab.provenance import provenance
from keras_norms.lab.report.page import Section
from keras_norms.lab.report.tuning import (
    best_table,
    draw_history,
    draw_slice,
    importance_table,
    tuning_summary,
)
from keras_norms.lab.training import Run, train
from keras_norms.lab.training.checkpoint import kept_in
from keras_norms.lab.trials import OUTCOME, finished, value_of

ABOUT = "search normalizer, learning rate, momentum and weight decay for accuracy"
MOMENTA = (0.0, 0.9, 0.99)
POINTS = 10  # evaluations of a run, at each of which it may be pruned
ENDED = (TrialState.COMPLETE, TrialState.PRUNED)
GROWING = ("trials",)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What is searched, and how long."""

    data: str = "digits"
    model: str = "mlp"
    depth: int = 8
    width: int = 64
    normalizers: tuple[str, ...] = ("none", "batch:momentum=0.9", "layer", "group:groups=8", "rms")
    trials: int = 100
    steps: int = 300
    batch: int = 64
    low: float = 1e-3
    high: float = 1e1
    seed: int = 0
    backend: str = field(default_factory=keras.config.backend)

    def __post_init__(self) -> None:
        if self.trials < 1:
            raise BadInput(f"trials={self.trials} gives nothing to run; write 1 or more")
        if not 0 < self.low < self.high:
            raise BadInput(
                f"low={self.low}, high={self.high} is no range of learning rates; "
                "write two positive numbers, the smaller one first"
            )
        for normalizer in self.normalizers:
            self.run(normalizer, self.low, 0.0, 0.0)  # checks them all before the first is trained

    @property
    def study(self) -> str:
        return f"tune-{self.data}-{self.model}"

    def run(self, normalizer: str, learning_rate: float, momentum: float, l2: float) -> Run:
        return Run(
            data=self.data,
            model=self.model,
            normalizer=normalizer,
            depth=self.depth,
            width=self.width,
            momentum=momentum,
            l2=l2,
            batch=self.batch,
            steps=self.steps,
            evaluate_every=max(1, self.steps // POINTS),
            learning_rate=learning_rate,
            seed=self.seed,
            backend=self.backend,
        )

    def suggested(self, trial: optuna.Trial) -> Run:
        return self.run(
            trial.suggest_categorical("normalizer", self.normalizers),
            trial.suggest_float("learning_rate", self.low, self.high, log=True),
            # A few values, since a program is compiled for each; those between would tell little.
            trial.suggest_categorical("momentum", MOMENTA),
            trial.suggest_float("l2", 1e-6, 1e-2, log=True),
        )


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", help="mlp, resnet or inception")
    parser.add_argument("--depth", type=int, metavar="N")
    parser.add_argument("--width", type=int, metavar="N")
    parser.add_argument(
        "--normalizers", nargs="+", metavar="SPEC", help="as batch or group:groups=8"
    )
    parser.add_argument("--trials", type=int, metavar="N", help="finished or pruned, all together")
    parser.add_argument("--low", type=float, metavar="RATE", help="smallest learning rate")
    parser.add_argument("--high", type=float, metavar="RATE", help="largest learning rate")
    parser.add_argument("--seed", type=int, metavar="N", help="of weights, batches and search")


def effort(settings: Settings) -> float:
    return settings.trials * effort_of(settings.run(settings.normalizers[0], settings.low, 0, 0))


def run(
    study: optuna.Study,
    settings: Settings,
    *,
    data_dir: str | Path | None = None,
    progress: Progress | None = None,
) -> None:
    """Asks and trains until there are `settings.trials` finished or pruned trials."""
    progress = progress or Progress.silent()
    study.pruner = optuna.pruners.HyperbandPruner(
        min_resource=max(1, settings.steps // POINTS), max_resource=settings.steps
    )

    def objective(trial: optuna.Trial) -> float:
        chosen = settings.suggested(trial)
        for name, content in {
            KEY: chosen.key,
            RUN: chosen.as_dict(),
            PROVENANCE: provenance(),
            OWNER: owner(),
            RENEWED: time.time(),
        }.items():
            trial.set_user_attr(name, content)

        def on_point(run: Run, point: dict[str, float]) -> None:
            trial.set_user_attr(RENEWED, time.time())
            trial.report(point["test_accuracy"], int(point["step"]))
            if point["step"] < run.steps and trial.should_prune():
                progress.finished(run, trained=True)
                raise optuna.TrialPruned

        (outcome,) = train([chosen], data_dir=data_dir, on_step=progress.running, on_point=on_point)
        trial.set_user_attr(OUTCOME, outcome.as_dict())
        progress.finished(chosen, trained=True)
        return value_of(outcome)

    fail_dead(study)
    # The trial after one that was killed is another, so nobody would go on from a checkpoint.
    with kept_in(None), progress.stage("tune", effort(settings)):
        while len(study.get_trials(deepcopy=False, states=ENDED)) < settings.trials:
            # By number, so that a search that was stopped goes on as if it had not been.
            number = len(study.get_trials(deepcopy=False))
            study.sampler = optuna.samplers.TPESampler(seed=hash((settings.seed, number)) % 2**32)
            study.optimize(objective, n_trials=1)


def section(study: optuna.Study, settings: Settings, folder: Path) -> Section:
    """The search's part of the report: the best of each normalizer, importance, two figures."""
    done = finished(study)
    title = f"Highest test accuracy ({settings.model} of depth {settings.depth}, {settings.data})"
    if not done:
        return Section(title, ["No trial of this study is finished."])
    trials = study.get_trials(deepcopy=False, states=ENDED)
    figures, name = folder / "figures", settings.study
    return Section(
        title=title,
        summary=tuning_summary(study, trials, settings.steps),
        figures=[draw_slice(figures, f"{name}-rates", trials), draw_history(figures, name, trials)],
        tables=[best_table(f"{name}-best", trials), importance_table(f"{name}-importance", study)],
        card=__doc__ or "",
        provenance=f"{provenance_line(study, set(done))} and {len(trials) - len(done)} pruned; "
        f"{settings.steps} steps a run",
    )
