"""Who is training a run: one process at a time, and none for ever.

A process that takes a run puts it down as a RUNNING trial with its own name. On one host it is
then asked whether that process still lives, and a killed one is noticed at once. Another host's
process cannot be asked, so every process renews its lease while it has one, from a thread of its
own since a compilation may take minutes, and a lease that was not renewed for long has ended.

Optuna's heartbeat would do less: it is recorded under `Study.optimize` alone and not for trials
that were asked for or added, the journal has none, and it knows no process to ask.
"""

from __future__ import annotations

import contextlib
import functools
import os
import socket
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import optuna
import psutil
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, Trial, TrialState

from keras_norms.lab.errors import BadInput
from keras_norms.lab.patience import PATIENCE
from keras_norms.lab.provenance import provenance
from keras_norms.lab.training import Run

KEY, RUN, PROVENANCE, OWNER, RENEWED = "key", "run", "provenance", "owner", "renewed"
RENEW = 30.0  # seconds
# While a server is away nobody can renew, so a lease outlasts that; clocks may differ a little.
LEASE = PATIENCE + 300.0

_held: set[tuple[str, int]] = set()  # study and trial number of the leases of this process


@functools.cache
def host() -> str:
    """This host: where one process number means one process.

    Containers may share the name of their machine and not its numbers; Linux tells both apart.
    """
    parts = [socket.gethostname()]
    with contextlib.suppress(OSError):
        parts += [Path("/proc/sys/kernel/random/boot_id").read_text().strip()]
        parts += [os.readlink("/proc/self/ns/pid")]
    return " ".join(parts)


def owner() -> dict[str, Any]:
    """This process, told apart from a later one that happens to get the same number."""
    return {"host": host(), "pid": os.getpid(), "started": psutil.Process().create_time()}


def is_dead(study: optuna.Study, trial: FrozenTrial) -> bool:
    """Whether nobody trains this trial any more, as far as one can know."""
    process = trial.user_attrs[OWNER]
    if process == owner():
        return (study.study_name, trial.number) not in _held
    if process["host"] != host():
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
    _fail(study, (trial for trial in under_way(study) if is_dead(study, trial)))


def fail_of(study: optuna.Study, process: dict[str, Any]) -> None:
    """Tells FAIL to what a process, an `owner`, had under way that is known to have ended."""
    _fail(study, (trial for trial in under_way(study) if trial.user_attrs[OWNER] == process))


def under_way(study: optuna.Study) -> list[FrozenTrial]:
    """The trials that were taken and are not finished."""
    running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    return [trial for trial in running if OWNER in trial.user_attrs]


def _fail(study: optuna.Study, trials: Iterable[FrozenTrial]) -> None:
    for trial in trials:
        # Others may be telling it too, its owner among them.
        with contextlib.suppress(UpdateFinishedTrialError):
            study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)


class Lease:
    """The right of this process to train one run; `take` it and end it, it renews itself.

    Within `with lease:` an error gives it up.

    Should another host have given this process up for dead, it trains the run too, and the
    trial here stays FAIL: the outcome is the same.
    """

    def __init__(self, study: optuna.Study, trial: FrozenTrial) -> None:
        self._study, self._trial = study, Trial(study, trial._trial_id)
        self._name = study.study_name, trial.number
        _held.add(self._name)
        self._ended = threading.Event()
        self._renewing = threading.Thread(target=self._renew, daemon=True)
        self._renewing.start()

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
        # Of two processes that take a run at once the first has it: both see the same order. One
        # process may have put it down twice, where an answer of the storage was lost.
        first, *later = _live(study, run) or [None]
        _fail(study, (trial for trial in later if trial.user_attrs[OWNER] == owner()))
        return cls(study, first) if first and first.user_attrs[OWNER] == owner() else None

    def _renew(self) -> None:
        """Says every half minute that this process lives."""
        while not self._ended.wait(RENEW):
            try:
                self._trial.set_user_attr(RENEWED, time.time())
            except (UpdateFinishedTrialError, BadInput):  # given up for dead, or a lost storage
                return

    def _end(self) -> None:
        self._ended.set()
        _held.discard(self._name)

    def finish(self, value: float, **attributes: Any) -> bool:
        """Adds the attributes, then tells the value: what is COMPLETE is whole.

        False where this process had been given up for dead, so that nothing could be told.
        """
        self._end()
        with contextlib.suppress(UpdateFinishedTrialError):
            for name, content in attributes.items():
                self._trial.set_user_attr(name, content)
            self._study.tell(self._trial, value, skip_if_finished=True)
            return True
        return False

    def __enter__(self) -> Lease:
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        """Gives up what was left by an error, Ctrl-C among them."""
        if error:
            self.give_up()

    def give_up(self) -> None:
        self._end()
        with contextlib.suppress(UpdateFinishedTrialError):
            self._study.tell(self._trial, state=TrialState.FAIL, skip_if_finished=True)


def _live(study: optuna.Study, run: Run) -> list[FrozenTrial]:
    """The trials that have this run under way or finished, oldest first."""
    return [
        trial
        for trial in study.get_trials(deepcopy=False)
        if trial.user_attrs.get(KEY) == run.key and trial.state != TrialState.FAIL
    ]
