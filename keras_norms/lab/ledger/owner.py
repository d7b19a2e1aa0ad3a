"""Whose lease it is, and whether that process still lives."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

CLOCK = 1.0  # seconds by which two readings of a process's start may differ


@dataclass(frozen=True)
class Owner:
    """A process, told apart from a later one that happens to get the same number.

    Attributes:
        host: hash of the host; its name stays in the house.
        pid, started: of the process on that host.
    """

    host: str
    pid: int
    started: float

    @classmethod
    def read(cls, content: Any) -> Owner | None:
        """From JSON; None where that names no process."""
        try:
            return cls(str(content["host"]), int(content["pid"]), float(content["started"]))
        except (KeyError, TypeError, ValueError):
            return None

    def is_here(self) -> bool:
        """Whether the process was started on this host, so that it can be looked up."""
        return self.host == host()

    def has_ended(self) -> bool:
        """Whether the process, which must be of this host, is gone."""
        try:
            found = psutil.Process(self.pid)
            # A zombie only waits for its parent to read its exit status.
            ended = found.status() == psutil.STATUS_ZOMBIE
            return ended or abs(found.create_time() - self.started) > CLOCK
        except psutil.NoSuchProcess:
            return True
        except psutil.AccessDenied:
            return False


@functools.cache
def host() -> str:
    """A hash of this host: where one process number means one process.

    Containers may share the name of their machine and not its numbers; Linux tells both apart.
    """
    parts = [socket.gethostname()]
    with contextlib.suppress(OSError):
        parts += [Path("/proc/sys/kernel/random/boot_id").read_text().strip()]
        parts += [os.readlink("/proc/self/ns/pid")]
    return hashlib.blake2b(" ".join(parts).encode(), digest_size=8).hexdigest()


def this_process() -> Owner:
    return _process(os.getpid())  # a fork is another process


@functools.lru_cache(4)
def _process(pid: int) -> Owner:
    return Owner(host(), pid, psutil.Process(pid).create_time())
