"""Optuna's journal file, made safe against full disks, kills and damage.

A journal holds one JSON object a line. A write that fails half-way leaves half a line, which the
next writer would glue its own first line to: here every append begins on a fresh line. A line that
is damaged otherwise is taken out when the journal is opened, named, and kept in a copy beside; a
trial that it created stays as a failed one, so that later trials keep their numbers.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import warnings
from pathlib import Path
from typing import Any

import filelock
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from keras_norms.lab.errors import BadInput

CREATES = re.compile(rb'\{"op_code":4,.*?"study_id":(\d+)')
FAILED = {"op_code": 4, "worker_id": "repair", "state": 3, "values": None, "value": None}
FAILED |= {"datetime_start": "1970-01-01T00:00:00", "datetime_complete": "1970-01-01T00:00:00"}
FAILED |= {"distributions": {}, "params": {}, "user_attrs": {}, "system_attrs": {}}
FAILED |= {"intermediate_values": {}}


class KernelLock:
    """Exclusive lock on `<journal>.lock`, freed by any death of its process."""

    def __init__(self, journal: Path) -> None:
        self._lock = filelock.FileLock(f"{journal}.lock", mode=0o666)

    def acquire(self) -> bool:
        self._lock.acquire()
        return True

    def release(self) -> None:
        self._lock.release()


class SafeJournal(JournalFileBackend):
    """See the module."""

    def __init__(self, path: Path) -> None:
        self._path = path
        super().__init__(str(path), lock_obj=KernelLock(path))

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        lines = "".join(json.dumps(log, separators=(",", ":")) + "\n" for log in logs).encode()
        self._lock.acquire()
        try:
            with open(self._path, "r+b", buffering=0) as file:
                whole = cut_back(file)
                try:
                    written = 0
                    while written < len(lines):
                        written += file.write(lines[written:]) or 0
                except OSError:
                    with contextlib.suppress(OSError):
                        file.truncate(whole)  # nobody is left half a line
                    raise
        finally:
            self._lock.release()


def cut_back(file: Any) -> int:
    """Cuts off an unfinished last line, which no reader has counted; the end, in bytes."""
    end = file.seek(0, 2)
    if not end:
        return 0
    file.seek(end - 1)
    if file.read(1) == b"\n":
        return end
    file.seek(0)
    whole = file.read(end).rfind(b"\n") + 1
    file.truncate(whole)
    return file.seek(0, 2)


def open_journal(path: Path) -> JournalStorage:
    """The journal at `path`, created with its folder where absent, repaired where damaged.

    Raises:
        BadInput: the file is no journal; it is left as it is.
        OSError: the folder or the file cannot be written.
    """
    if path.exists() and not path.is_file():
        raise BadInput(f"storage={str(path)!r} is no regular file: name another")
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = KernelLock(path)
    lock.acquire()
    try:
        if path.exists():
            repair(path)
    finally:
        lock.release()
    return JournalStorage(SafeJournal(path))


def repair(path: Path) -> None:
    """Takes damaged lines out of the journal at `path`; the caller holds its lock.

    Raises:
        BadInput: not one line is a journal's.
    """
    lines = path.read_bytes().splitlines(keepends=True)
    kept = [line if _is_entry(line) else _instead(line) for line in lines]
    damaged = [n for n, line in enumerate(lines) if not _is_entry(line)]
    if not damaged:
        return
    if len(damaged) == len(lines) and not lines[0].startswith(b'{"op_code":'):
        raise BadInput(f"storage={str(path)!r} is no journal of trials: name another file")
    copy = path.with_name(f"{path.name}.damaged")
    shutil.copyfile(path, copy)
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(b"".join(kept))
    part.replace(path)
    said = ", ".join(str(n + 1) for n in damaged[:10])
    warnings.warn(
        f"{path}: {len(damaged)} damaged lines were taken out ({said}); the file as it was is "
        f"{copy.name}",
        stacklevel=3,
    )


def _is_entry(line: bytes) -> bool:
    if not line.endswith(b"\n"):
        return False
    try:
        return isinstance(json.loads(line)["op_code"], int)
    except (ValueError, TypeError, KeyError, RecursionError):
        return False


def _instead(line: bytes) -> bytes:
    found = CREATES.match(line)
    if not (found and line.endswith(b"\n")):
        return b""
    said = {**FAILED, "study_id": int(found[1])}
    return json.dumps(said, separators=(",", ":")).encode() + b"\n"
