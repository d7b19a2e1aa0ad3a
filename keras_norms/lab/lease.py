"""Who is training a run: one process at a time, and none for ever.

A process that takes a run puts it down as a RUNNING trial with its own name. On one host it is
then asked whether that process still lives. Another host's process cannot be asked, so every
process renews its lease while it trains, and a lease that was not renewed for long has ended.
"""

from __future__ import annotations

import contextlib
import functools
import os
import socket
import time
from typing import Any

import optuna
import psutil
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, Trial, TrialState

from keras_norms.lab.provenance import provenance
from keras_norms.lab.training import Run

KEY, RUN, PROVENANCE, OWNER, RENEWED = "key", "run", "provenance", "owner", "renewed"
RENEW, LEASE = 60.0, 900.0  # seconds; the second also covers a compilation

_held: set[tuple[str, int]] = set()  # study and trial number of the leases of this process


@functools.cache
def owner() -> dict[str, Any]:
    """This process, told apart from a later one that happens to get the same number."""
    return {
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "started": psutil.Process().create_time(),
    }


def is_dead(study: optuna.Study, trial: FrozenTrial) -> bool:
    """Whether nobody trains this trial any more, as far as one can know."""
    process = trial.user_attrs[OWNER]
    if process == owner():
        return (study.study_name, trial.number) not in _held
    if process["host"] != socket.gethostname():
        return time.time() - trial.user_attrs[RENEWED] > LEASE
    try:
        found = psutil.Process(process["pid"])
        # A zombie only waits for its parent to read its exit status.
        ended = found.status() == psutil.STATUS_ZOMBIE
        return ended or abs(found.create_time() - process["started"]) > 1.0
    except psutil.NoSuchProcess:
        return True
    except psutil.AccessDenied:
        return False


def fail_dead(study: optuna.Study) -> None:
    """Tells FAIL to every RUNNING trial whose process has ended, so that its run is free again."""
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        if OWNER in trial.user_attrs and is_dead(study, trial):
            study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)


class Lease:
    """The right of this process to train one run; `take` it, renew it, and end it.

    Should another host have given this process up for dead, it trains the run too, and the
    trial here stays FAIL: the outcome is the same.
    """

    def __init__(self, study: optuna.Study, trial: FrozenTrial) -> None:
        self._study, self._trial = study, Trial(study, trial._trial_id)
        self._renewed = time.monotonic()
        self._name = study.study_name, trial.number
        _held.add(self._name)

    @classmethod
    def take(cls, study: optuna.Study, run: Run, parameters: dict[str, Any]) -> Lease | None:
        """Puts `run` down as RUNNING; None where another process has it, or has finished it."""
        if _live(study, run):
            return None
        study.add_trial(
            optuna.trial.create_trial(
                state=TrialState.RUNNING,
                params={name: getattr(run, name) for name in parameters},
                distributions=parameters,
                user_attrs={
                    KEY: run.key,
                    RUN: run.as_dict(),
                    PROVENANCE: provenance(),
                    OWNER: owner(),
                    RENEWED: time.time(),
                },
            )
        )
        # Of two processes that take a run at once the first has it: both see the same order.
        first, *later = _live(study, run)
        if first.user_attrs[OWNER] == owner():
            return cls(study, first)
        mine = next(trial for trial in later if trial.user_attrs[OWNER] == owner())
        study.tell(mine.number, state=TrialState.FAIL)
        return None

    def renew(self) -> None:
        """Says that this process lives, at most once a minute."""
        if time.monotonic() - self._renewed > RENEW:
            self._renewed = time.monotonic()
            with contextlib.suppress(UpdateFinishedTrialError):
                self._trial.set_user_attr(RENEWED, time.time())

    def finish(self, value: float, **attributes: Any) -> None:
        """Adds the attributes, then tells the value: what is COMPLETE is whole."""
        _held.discard(self._name)
        with contextlib.suppress(UpdateFinishedTrialError):
            for name, content in attributes.items():
                self._trial.set_user_attr(name, content)
            self._study.tell(self._trial, value)

    def give_up(self) -> None:
        _held.discard(self._name)
        self._study.tell(self._trial, state=TrialState.FAIL, skip_if_finished=True)


def _live(study: optuna.Study, run: Run) -> list[FrozenTrial]:
    """The trials that have this run under way or finished, oldest first."""
    return [
        trial
        for trial in study.get_trials(deepcopy=False)
        if trial.user_attrs.get(KEY) == run.key and trial.state != TrialState.FAIL
    ]
