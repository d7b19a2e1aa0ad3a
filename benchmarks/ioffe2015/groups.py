"""Runs in named groups, all known beforehand: trained where they are missing, and read back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

import optuna

from keras_norms.lab import training
from keras_norms.lab.frame import provenance_line
from keras_norms.lab.progress import Progress
from keras_norms.lab.progress import effort as effort_of
from keras_norms.lab.report.page import Section
from keras_norms.lab.training import Outcome, Probe, Run
from keras_norms.lab.trials import Train, finished, run_trials

Groups = Mapping[str, Sequence[Run]]
Outcomes = dict[str, list[Outcome]]


class Grouped(Protocol):
    """Settings whose runs are known beforehand."""

    def groups(self) -> Groups: ...


def effort(settings: Grouped) -> float:
    """About what an experiment of these settings costs."""
    return cost(settings.groups())


def runner(probe: Probe | None = None) -> Callable[..., None]:
    """The `run` of an experiment whose runs are all known beforehand; `probe` as in `train`."""

    def run(
        study: optuna.Study,
        settings: Grouped,
        *,
        data_dir: str | Path | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Trains what is missing."""
        train = partial(training.train, probe=probe)
        train_groups(study, settings.groups(), data_dir=data_dir, progress=progress, train=train)

    return run


def cost(groups: Groups) -> float:
    """About what they cost."""
    return sum(effort_of(run) for runs in groups.values() for run in runs)


def train_groups(
    study: optuna.Study,
    groups: Groups,
    *,
    data_dir: str | Path | None = None,
    progress: Progress | None = None,
    train: Train | None = None,
) -> Outcomes:
    """Trains what is missing, a stage a group; by `training.train` where nothing else is given."""
    progress, train = progress or Progress.silent(), train or training.train
    done = {}
    for name, runs in groups.items():
        with progress.stage(f"{study.study_name}, {name}", cost({name: runs})):
            done[name] = run_trials(study, runs, data_dir=data_dir, progress=progress, train=train)
    return done


def finished_groups(study: optuna.Study, groups: Groups) -> Outcomes:
    """The outcomes of the groups that are whole, in the order of their runs."""
    done = finished(study)
    return {
        name: [done[run.key] for run in runs]
        for name, runs in groups.items()
        if all(run.key in done for run in runs)
    }


def provenance(study: optuna.Study, groups: Iterable[Sequence[Outcome]]) -> str:
    """Where these outcomes come from, in one line."""
    return provenance_line(study, {outcome.run.key for group in groups for outcome in group})


def unfinished(title: str) -> Section:
    """The part of the report of an experiment that was stopped."""
    return Section(title, ["Not all runs of this experiment are finished."])
