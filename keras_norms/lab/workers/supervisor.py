"""The process that was started: it launches workers, watches them, and shows how far they are."""

from __future__ import annotations

import importlib
import time
import warnings
from collections.abc import Callable, Sequence
from types import ModuleType

from keras_norms.lab.errors import BadInput
from keras_norms.lab.ledger import Ledger
from keras_norms.lab.progress import Progress
from keras_norms.lab.walk import Walk
from keras_norms.lab.workers.protocol import Member
from keras_norms.lab.workers.task import Task

LAUNCHERS = {"local": "processes", "ray": "cluster"}  # imported only when asked for
LOOK = 0.1  # seconds between two looks at the workers
IN_A_ROW = 3  # workers that are replaced without a job having been finished between


class WorkersLost(RuntimeError):
    """Every worker was killed or crashed; finished jobs are saved."""


def share(
    task: Task,
    workers: int | None,
    launcher: str,
    progress: Progress,
    ledger: Ledger,
    walks: Sequence[Walk],
) -> None:
    """Has `workers` workers do the task; returns when it is done.

    However it ends, no worker is left, and what they had under way is free again.

    Raises:
        BadInput: what cannot be opened, launched or done, as a worker or the launcher says.
        WorkersLost: all of them crashed or were killed.
    """
    launch = _launcher(launcher).launch
    crew = [_Watched(member, ledger) for member in launch(task, workers)]
    try:
        _watch(crew, progress, ledger, walks, lambda: _Watched(*launch(task, 1), ledger))
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
            f"--launcher {name} needs {error.name}; pip install 'keras-norms[distributed]'"
        ) from error


class _Watched:
    """A worker with what it has said."""

    def __init__(self, member: Member, ledger: Ledger) -> None:
        self.member, self._ledger = member, ledger
        self._pid: int | None = None
        self.done = self.worn = False
        self.lost: str | None = None

    def free(self) -> None:
        """Gives back what it had under way; it must have ended."""
        self._hear()
        if self._pid and not self.done:
            self._ledger.release_of(self._pid)

    def _hear(self, progress: Progress | None = None) -> None:
        for message in self.member.messages():
            match message.kind, message.content:
                case "started", [pid]:
                    self._pid = pid
                case "step", [key, title, share] if progress:
                    progress.heard(key, title, share)
                case "warning", [text] if progress:
                    warnings.warn(text, stacklevel=1)  # equal ones are shown once
                case "refused", [text] if progress:
                    raise BadInput(text)
                case "done" | "worn", _:
                    self.done, self.worn = True, message.kind == "worn"

    def look(self, progress: Progress) -> None:
        lost = self.member.lost()  # before its messages, of which "done" may be the last
        self._hear(progress)
        if lost and not self.done:
            self.lost = lost
            self.free()
            first, *words = lost.splitlines()
            reason = f"{first} ({words[-1]})" if words else first
            warnings.warn(f"{self.member.name} was lost: {reason}", stacklevel=1)


def _watch(
    crew: list[_Watched],
    progress: Progress,
    ledger: Ledger,
    walks: Sequence[Walk],
    another: Callable[[], _Watched],
) -> None:
    """Until all have ended; a lost one is replaced, at most a few times while nothing finishes."""
    replaced, finished = 0, len(ledger)
    while working := [worker for worker in crew if not worker.done and not worker.lost]:
        for worker in working:
            worker.look(progress)
        ledger.glance()
        if len(ledger) > finished:
            replaced, finished = 0, len(ledger)
        for worker in working:
            if worker.worn:
                crew.append(another())
            elif worker.lost and replaced < IN_A_ROW:
                replaced += 1
                crew.append(another())
        progress.show(walks, ledger, len(working))
        time.sleep(LOOK)
    if not any(worker.done for worker in crew):
        raise WorkersLost(
            f"all {len(crew)} workers were lost; finished jobs are saved. "
            f"The last: {crew[-1].member.name}, {crew[-1].lost}"
        )
