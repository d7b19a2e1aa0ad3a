"""What the launchers' workers have in common: the messages that they send, and how they end."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from keras_norms.lab.errors import BadInput
from keras_norms.lab.lease import owner
from keras_norms.lab.progress import Progress
from keras_norms.lab.workers.job import Job

EVERY = 0.2  # seconds between two messages on progress


@dataclass(frozen=True)
class Message:
    """From a worker to the process that was started.

    Attributes:
        kind: "owner" (content: what the worker's leases are signed with), "progress" (fraction,
            time left, text), "warning" (text), "refused" (text of a `BadInput`) or "done".
    """

    kind: str
    content: list[Any] = field(default_factory=list)


Send = Callable[[Message], None]


class Member(Protocol):
    """A worker as its launcher sees it."""

    name: str

    def messages(self) -> list[Message]:
        """What it has sent since the last look."""

    def lost(self) -> str | None:
        """Why it is gone without a word; None while it runs or where it ended as it should."""

    def stop(self) -> None:
        """Ends it at once, whatever it does; a kill at any moment is safe."""


class Telling(Progress):
    """Progress that is sent instead of shown."""

    def __init__(self, send: Send) -> None:
        super().__init__(None)
        self._send, self._sent = send, 0.0

    def put(self, fraction: float, left: str, text: str, *, speak: bool = False) -> None:
        if speak or time.monotonic() - self._sent > EVERY:
            self._sent = time.monotonic()
            self._send(Message("progress", [fraction, left, text]))


def work(job: Job, send: Send) -> None:
    """A worker's whole life: does the job and tells how it goes; other errors are a crash."""
    warnings.showwarning = lambda message, *_, **__: send(Message("warning", [str(message)]))
    send(Message("owner", [owner()]))
    try:
        job.work(Telling(send))
    except BadInput as error:
        send(Message("refused", [str(error)]))
    else:
        send(Message("done"))
