"""Ctrl-C, SIGTERM and SIGHUP end a command alike: in one line, with everything finished saved."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType


class Interrupted(BaseException):
    """A signal asks the command to end; `code` is its exit status."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.code = 128 + number


def _raise(number: int, frame: FrameType | None) -> None:
    raise Interrupted(number)


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Raises `Interrupted` inside where one of the signals arrives."""
    numbers = [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] * hasattr(signal, "SIGHUP"))]
    try:
        before = {number: signal.signal(number, _raise) for number in numbers}
    except ValueError:  # not the main thread, which alone may do this
        yield
        return
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
