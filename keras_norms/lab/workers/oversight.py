"""The process that was started: it launches workers, watches them, and shows how far they are."""

from __future__ import annotations

import importlib
import time
import warnings
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import optuna

from keras_norms.lab.errors import BadInput
from keras_norms.lab.lease import fail_of
from keras_norms.lab.progress import Progress
from keras_norms.lab.workers.job import Job
from keras_norms.lab.workers.member import Member

LAUNCHERS = {"local": "processes", "ray": "cluster"}  # imported only when asked for
LOOK = 0.1  # seconds between two looks at the workers


class WorkersLost(RuntimeError):
    """Every worker was killed or crashed; finished runs are kept."""


def share(job: Job, workers: int | None, launcher: str, progress: Progress) -> None:
    """Has `workers` workers do the job; returns when it is done.

    However it ends, no worker is left, and what they had under way is free again.

    Raises:
        BadInput: what cannot be opened, launched or run, as a worker or the launcher tells.
        WorkersLost: all of them crashed or were killed.
    """
    studies = job.studies()
    crew = [_Watched(member, studies) for member in _launcher(launcher).launch(job, workers)]
    try:
        _watch(crew, progress)
    finally:
        for worker in crew:
            worker.member.stop()
        for worker in crew:  # when none is left that would take it
            worker.free()


def _launcher(name: str) -> ModuleType:
    try:
        return importlib.import_module(f"keras_norms.lab.workers.{LAUNCHERS[name]}")
    except ModuleNotFoundError as error:
        raise BadInput(
            f"launcher={name!r} needs {error.name}; pip install 'keras-norms[distributed]'"
        ) from error


class _Watched:
    """A worker with what it has told."""

    def __init__(self, member: Member, studies: Sequence[optuna.Study]) -> None:
        self.member, self._studies = member, studies
        self._owner: dict[str, Any] | None = None
        self.progress: tuple[float, str, str] | None = None
        self.done = False
        self.lost: str | None = None

    def free(self) -> None:
        """Gives back what it had under way; it must have ended."""
        if self._owner and not self.done:
            for study in self._studies:
                fail_of(study, self._owner)

    def look(self) -> None:
        lost = self.member.lost()  # before its messages, of which "done" may be the last
        for message in self.member.messages():
            match message.kind, message.content:
                case "owner", [owner]:
                    self._owner = owner
                case "progress", [fraction, left, text]:
                    self.progress = fraction, left, text
                case "warning", [text]:
                    warnings.warn(text, stacklevel=1)  # equal ones are shown once
                case "refused", [text]:
                    raise BadInput(text)
                case "done", _:
                    self.done = True
        if lost and not self.done:
            self.lost = lost
            self.free()
            reason = lost.splitlines()[0]
            warnings.warn(f"{self.member.name} was lost: {reason}; others go on", stacklevel=1)


def _watch(crew: Sequence[_Watched], progress: Progress) -> None:
    while working := [worker for worker in crew if not worker.done and not worker.lost]:
        for worker in working:
            worker.look()
        # All see the same runs, some later than others.
        if told := [worker.progress for worker in crew if worker.progress]:
            fraction, left, text = max(told)
            progress.put(fraction, left, f"{len(working)} workers; {text}")
        time.sleep(LOOK)
    if not any(worker.done for worker in crew):
        raise WorkersLost(
            f"all {len(crew)} workers were lost; finished runs are kept. "
            f"The last: {crew[-1].member.name}, {crew[-1].lost}"
        )
