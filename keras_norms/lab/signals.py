"""Ctrl-C, SIGTERM and SIGHUP end a command alike: in one line, with everything finished saved.

So does the end of the time that a command was given.
"""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator
from types import FrameType

from keras_norms.lab.errors import BadInput

LEAST = 0.001  # seconds: a timer of none would never ring
AGAIN = 5.0  # seconds until it rings again: what is raised in a destructor or a callback is lost


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


class TimeUp(BaseException):
    """The seconds that were given are over."""


def _ring(number: int, frame: FrameType | None) -> None:
    raise TimeUp


@contextlib.contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """Ends what is inside after so many seconds, quietly; None for no limit.

    What waits for a compiler or a device is ended when that answers.

    Raises:
        BadInput: this system has no timer that rings in Python's main thread.
    """
    if seconds is None:
        yield
        return
    if not hasattr(signal, "SIGALRM"):
        raise BadInput(f"minutes={seconds / 60:g} cannot be kept on this system: leave it out")
    began, handler = time.monotonic(), signal.signal(signal.SIGALRM, _ring)
    before, _ = signal.setitimer(signal.ITIMER_REAL, max(seconds, LEAST), AGAIN)
    try:
        try:
            yield
        finally:
            signal.signal(signal.SIGALRM, signal.SIG_IGN)  # it may ring again while this ends
    except TimeUp:
        pass
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, handler)
        if before:  # somebody else's, who goes on waiting
            left = before - (time.monotonic() - began)
            signal.setitimer(signal.ITIMER_REAL, max(left, LEAST))
