"""Runs as Optuna trials: each run is trained once, kept for good, and read back ever after.

A run becomes a trial in three writes. The first puts the whole trial down as RUNNING, with its
run, its key, its process and its provenance, before a step is trained; the second adds the
outcome; the third tells the value, the final test accuracy (0 for a run that blew up, so that a
divergence is a bad trial and never a missing one). A process that dies in between leaves a
RUNNING trial behind: it is told FAIL, and its run becomes a new trial, which goes on from the
run's checkpoint where there is one (see `training.checkpoint`).

Only numbers are parameters of a trial. Optuna wants the choices of a category fixed once for a
study, and a study here may gain a normalizer; names are in the user attribute `run`.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import optuna
from optuna.distributions import FloatDistribution, IntDistribution

from keras_norms.lab.finished import OUTCOME, Finished
from keras_norms.lab.finished import finished as finished
from keras_norms.lab.finished import finished_trials as finished_trials
from keras_norms.lab.finished import open_study as open_study
from keras_norms.lab.finished import outcome_of as outcome_of
from keras_norms.lab.finished import outcomes as outcomes
from keras_norms.lab.finished import run_of as run_of
from keras_norms.lab.lease import Lease, fail_dead, under_way
from keras_norms.lab.progress import Progress
from keras_norms.lab.training import Outcome, Run, checkpoint, train

PARAMETERS = {
    "learning_rate": FloatDistribution(1e-12, 1e12, log=True),
    "seed": IntDistribution(0, 2**31 - 1),
    "depth": IntDistribution(1, 10**6),
    "width": IntDistribution(1, 10**6),
    "batch": IntDistribution(1, 10**9),
    "steps": IntDistribution(1, 10**9),
}
WAIT = 0.5  # seconds at most between two looks at what other processes have under way

Train = Callable[..., Iterator[Outcome]]
Search = Callable[[Mapping[str, Outcome]], Iterable[Run]]


def run_trials(
    study: optuna.Study,
    runs: Iterable[Run],
    *,
    data_dir: str | Path | None = None,
    progress: Progress | None = None,
    train: Train = train,
) -> list[Outcome]:
    """The outcomes of `runs`, in their order; only those that no trial has finished are trained.

    Raises:
        BadInput: data that are not there, a run that cannot be or does not fit into memory, or an
            outcome that another version wrote; what is finished is kept.
    """
    wanted = list(runs)

    def all_of_them(done: Mapping[str, Outcome]) -> list[Run]:
        for run in wanted:
            done.get(run.key)  # one that cannot be read is told before the others are trained
        return wanted

    done = run_searches(study, [all_of_them], data_dir=data_dir, progress=progress, train=train)
    return [done[run.key] for run in wanted]


def run_searches(
    study: optuna.Study,
    searches: Iterable[Search],
    *,
    data_dir: str | Path | None = None,
    progress: Progress | None = None,
    train: Train = train,
) -> Finished:
    """Trains what the searches want until each has all of it; returns everything finished.

    A search is a function from the finished outcomes, by key, to all the runs that it wants as
    far as it can tell from them: the finished ones again, and those to come. It must be a
    function of the outcomes alone, and once nothing is missing it is not asked again.

    Any number of processes may do this for one study at once. A run that another live process
    has under way is left to it, and each process goes on with what is compiled there, then with
    programs that nobody else has, then with any: so processes spread over the searches, and
    wait only where all that is left is under way. The more runs a search names at once, the more
    processes can share it. Each run is taken just before it starts, so that a kill leaves one
    trial behind.
    """
    work = _Work(study, searches, progress or Progress.silent())
    while work.searches:
        fail_dead(study)
        work.done.look()
        if taken := work.take():
            _train(*taken, train, data_dir, work.progress)
        elif work.searches:
            time.sleep(random.uniform(0, WAIT))  # processes that look in step choose alike
    return work.done


class _Work:
    """What is left to do for a list of searches, and what is chosen next."""

    def __init__(self, study: optuna.Study, searches: Iterable[Search], progress: Progress) -> None:
        self.searches, self.progress = list(searches), progress
        self.done = Finished(study)
        self._study = study
        self._before = set(self.done)  # finished without taking time here
        self._counted: set[str] = set()
        self._program: object = None  # of the last run, so compiled here

    def take(self) -> tuple[Lease, Run] | None:
        """The next run with its lease; None where nothing could be taken now."""
        others = [run_of(trial) for trial in under_way(self._study)]
        keys, programs = {run.key for run in others}, {run.program for run in others}
        shared: list[tuple[Search, Run]] = []
        for search in list(self.searches):
            missing = self._missing(search)
            if not missing:
                self.searches.remove(search)
            free = [run for run in missing if run.key not in keys]
            for run in sorted(free, key=lambda run: run.program != self._program):
                if run.program == self._program or run.program not in programs:
                    return self._lease(search, run)
                shared.append((search, run))
        # Nothing is compiled here for any of them, so each process may choose another.
        return self._lease(*random.choice(shared)) if shared else None

    def _missing(self, search: Search) -> list[Run]:
        missing = {}
        for run in search(self.done):
            key = run.key
            if key not in self.done:
                missing[key] = run
            elif key not in self._counted:
                self._counted.add(key)
                self.progress.finished(run, trained=key not in self._before)
        return list(missing.values())

    def _lease(self, search: Search, run: Run) -> tuple[Lease, Run] | None:
        """The lease of a run; None where another process was quicker: time to look again."""
        lease = Lease.take(self._study, run, PARAMETERS)
        if not lease:
            return None
        self._program = run.program
        self.searches.remove(search)
        self.searches.insert(0, search)
        return lease, run


def _train(
    lease: Lease, run: Run, train: Train, data_dir: str | Path | None, progress: Progress
) -> None:
    with lease:
        (outcome,) = train([run], data_dir=data_dir, on_step=progress.running)
    if lease.finish(value_of(outcome), **{OUTCOME: outcome.as_dict()}):
        checkpoint.remove(run)


def value_of(outcome: Outcome) -> float:
    """Final test accuracy; 0 for a run that blew up, which is a bad trial and not a missing one."""
    accuracy = outcome.final("test_accuracy")
    return 0.0 if outcome.verdict.blown or math.isnan(accuracy) else accuracy
