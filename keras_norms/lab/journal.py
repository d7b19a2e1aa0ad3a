"""The journal file: Optuna's one-file storage, made safe against a process that is killed.

A journal holds one JSON object a line. A kill in the middle of a write leaves two things behind
that Optuna stumbles over: half a line, which the next writer glues its own first line to, and a
lock file, which makes the next writer wait for half a minute. `mend` cuts the half line off, and
`KernelLock` is a lock that dies with its process.
"""

from __future__ import annotations

import json
import os
import warnings
from pathlib import Path

from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

from keras_norms.lab.errors import BadInput

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

ENTRY_START = b'{"op_code":'


class KernelLock:
    """Exclusive lock on `<journal>.lock`, held by the open file and so freed by any death.

    The file itself stays, empty: removing it would let two processes lock two different files of
    the same name.
    """

    def __init__(self, journal: Path) -> None:
        self._path = f"{journal}.lock"
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        os.close(self._descriptor)
        self._descriptor = None


def open_journal(path: Path) -> JournalStorage:
    """The journal at `path`, created with its folder where absent, mended where it was cut short.

    Raises:
        BadInput: the file is no journal, or is damaged before its last line.
        OSError: the folder or the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = KernelLock(path) if fcntl else JournalFileOpenLock(str(path))
    lock.acquire()
    try:
        mend(path)
    finally:
        lock.release()
    return JournalStorage(JournalFileBackend(str(path), lock_obj=lock))


def mend(path: Path) -> None:
    """Cuts an unfinished last line off the journal at `path`; every whole line stays.

    Warns in one line about what was cut. The caller holds the journal's lock, for an unfinished
    line may also be one that a live process is just writing.

    Raises:
        BadInput: the file is no journal, or is damaged before its last line.
    """
    with open(path, "ab+") as file:
        file.seek(0)
        whole, lines = 0, 0
        for line in file:
            if not _is_entry(line):
                break
            whole, lines = whole + len(line), lines + 1
        else:
            return
        if file.readline() or not _may_be_cut(line):
            raise BadInput(
                f"storage={str(path)!r} is not a journal of trials from its line {lines + 1} on; "
                "name another file, or restore this one from a copy"
            )
        file.truncate(whole)
    warnings.warn(
        f"{path}: line {lines + 1} was cut short ({len(line)} bytes dropped, as a kill in the "
        f"middle of a write leaves it); the {lines} whole lines before it are kept",
        stacklevel=2,
    )


def _is_entry(line: bytes) -> bool:
    if not line.endswith(b"\n"):
        return False
    try:
        return "op_code" in json.loads(line)
    except (ValueError, TypeError):
        return False


def _may_be_cut(line: bytes) -> bool:
    """Whether `line` starts as an entry does; a crash of the machine may leave zeros instead."""
    start = line[: len(ENTRY_START)].rstrip(b"\0")
    return ENTRY_START.startswith(start)
