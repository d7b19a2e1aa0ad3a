"""Runs as Optuna trials: each run is trained once, kept for good, and read back ever after.

A run becomes a trial in three writes. The first puts the whole trial down as RUNNING, with its
run, its key, its process and its provenance, before a step is trained; the second adds the
outcome; the third tells the value, the final test accuracy (0 for a run that blew up, so that a
divergence is a bad trial and never a missing one). A process that dies in between leaves a
RUNNING trial behind: it is told FAIL, and its run becomes a new trial.

Only numbers are parameters of a trial. Optuna wants the choices of a category fixed once for a
study, and a study here may gain a normalizer; names are in the user attribute `run`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import optuna
from optuna.distributions import FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, TrialState

from keras_norms.lab.lease import KEY, Lease, fail_dead
from keras_norms.lab.progress import Progress
from keras_norms.lab.stability.verdict import Verdict
from keras_norms.lab.storage import open_storage
from keras_norms.lab.training import Outcome, Run, train

OUTCOME = "outcome"
PARAMETERS = {
    "learning_rate": FloatDistribution(1e-12, 1e12, log=True),
    "seed": IntDistribution(0, 2**31 - 1),
    "depth": IntDistribution(1, 10**6),
    "width": IntDistribution(1, 10**6),
    "batch": IntDistribution(1, 10**9),
    "steps": IntDistribution(1, 10**9),
}
WAIT = 0.5  # seconds between two looks at a run that another process is training

Train = Callable[..., Iterator[Outcome]]


def open_study(name: str, storage: str | Path, *, direction: str = "maximize") -> optuna.Study:
    """The study `name` in the storage that a URL or path names; created where it is not there.

    Raises:
        BadInput: the storage cannot be opened (see `open_storage`).
    """
    opened = open_storage(storage)
    sampler = optuna.samplers.RandomSampler()  # asked for nothing, so the cheapest
    if name in optuna.get_all_study_names(opened):  # creating it again would write a line
        return optuna.load_study(study_name=name, storage=opened, sampler=sampler)
    return optuna.create_study(
        study_name=name,
        storage=opened,
        direction=direction,
        load_if_exists=True,
        sampler=sampler,
    )


def run_trials(
    study: optuna.Study,
    runs: Iterable[Run],
    *,
    data_dir: str | Path | None = None,
    progress: Progress | None = None,
    train: Train = train,
) -> list[Outcome]:
    """The outcomes of `runs`, in their order; only those that no trial has finished are trained.

    Runs of one program follow one another, and `train` keeps its programs compiled between
    calls, so each run is taken just before it starts and a kill leaves one trial behind. A run
    that another live process has under way is left to it and waited for: processes may share a
    study.
    """
    wanted = list(runs)
    runs = {run.key: run for run in wanted}
    progress = progress or Progress.silent()
    fail_dead(study)
    done = finished(study, set(runs))
    for key in done:
        progress.finished(runs[key], trained=False)
    in_order = sorted(runs.items(), key=lambda item: repr(item[1].program))
    while runs.keys() - done.keys():
        for key, run in in_order:
            if key not in done and (lease := Lease.take(study, run, PARAMETERS)):
                done[key] = _train(lease, run, train, data_dir, progress)
        if runs.keys() - done.keys():
            time.sleep(WAIT)
            fail_dead(study)
            done |= finished(study, runs.keys() - done.keys())
    return [done[run.key] for run in wanted]


def _train(
    lease: Lease, run: Run, train: Train, data_dir: str | Path | None, progress: Progress
) -> Outcome:
    def on_step(run: Run, step: int) -> None:
        lease.renew()
        progress.running(run, step)

    try:
        (outcome,) = train([run], data_dir=data_dir, on_step=on_step)
    except BaseException:  # Ctrl-C among them
        lease.give_up()
        raise
    lease.finish(value_of(outcome), **{OUTCOME: outcome.as_dict()})
    progress.finished(run, trained=True)
    return outcome


def value_of(outcome: Outcome) -> float:
    """Final test accuracy; 0 for a run that blew up, which is a bad trial and not a missing one."""
    accuracy = outcome.final("test_accuracy")
    return 0.0 if outcome.verdict is Verdict.BLEW_UP or math.isnan(accuracy) else accuracy


def finished(study: optuna.Study, keys: Iterable[str] | None = None) -> dict[str, Outcome]:
    """Finished outcomes by key, oldest first: those in `keys`, or all."""
    found: dict[str, Outcome] = {}
    for trial in finished_trials(study):
        key = trial.user_attrs[KEY]
        if (keys is None or key in keys) and key not in found:
            found[key] = outcome_of(trial)
    return found


def outcomes(study: optuna.Study) -> list[Outcome]:
    """Every finished outcome of the study, oldest first."""
    return list(finished(study).values())


def finished_trials(study: optuna.Study) -> list[FrozenTrial]:
    """The trials that hold an outcome; a study may also hold trials that others put there."""
    trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return [trial for trial in trials if OUTCOME in trial.user_attrs]


def outcome_of(trial: FrozenTrial) -> Outcome:
    return Outcome.from_dict(trial.user_attrs[OUTCOME])
