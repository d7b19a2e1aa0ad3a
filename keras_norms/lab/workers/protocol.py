"""What the launchers' workers have in common: the messages that they send, and how they end."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from keras_norms.lab.errors import BadInput
from keras_norms.lab.job import Job
from keras_norms.lab.workers.task import Task

MOST_PROGRAMS = 64  # of 15 MB each on TensorFlow, which gives none back
EVERY = 0.2  # seconds between two messages on progress


@dataclass(frozen=True)
class Message:
    """From a worker to the process that was started.

    Attributes:
        kind: "started" (content: its process id), "step" (key, title and share of a job),
            "warning" (text), "refused" (text of a `BadInput`), "done", or "worn": it has compiled
            as much as a process should hold, and another goes on in its place.
    """

    kind: str
    content: list[Any] = field(default_factory=list)


Send = Callable[[Message], None]


class Member(Protocol):
    """A worker as its launcher sees it."""

    name: str

    def messages(self) -> list[Message]:
        """What it has sent since the last look."""
        ...

    def lost(self) -> str | None:
        """Why the worker died; None if it is running or finished normally."""
        ...

    def stop(self) -> None:
        """Ends it at once, whatever it does; a kill at any moment is safe."""
        ...


def live(task: Task, send: Send) -> None:
    """A worker's whole life: does the task and says how it goes; other errors are a crash."""
    said = -EVERY

    def on_step(job: Job, share: float) -> None:
        nonlocal said
        if time.monotonic() - said > EVERY:
            said = time.monotonic()
            send(Message("step", [job.key, job.title, share]))

    warnings.showwarning = lambda message, *_, **__: send(Message("warning", [str(message)]))
    send(Message("started", [os.getpid()]))
    try:
        done = task.work(on_step, most_programs=MOST_PROGRAMS)
    except BadInput as error:
        send(Message("refused", [str(error)]))
    else:
        send(Message("done" if done else "worn"))
