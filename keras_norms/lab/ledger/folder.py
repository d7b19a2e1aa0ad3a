"""Records in a folder, a file each: the default, for one machine or a shared file system.

    records/<key>.json      written beside and renamed, so whole or absent
    leases/<key>            made exclusively; its time stamp is the sign of life
    damaged/<key>.<n>.json  what did not match its checksum

Two folders are merged by copying their records into one.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import json
import os
import uuid
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from keras_norms.lab.errors import BadInput
from keras_norms.lab.ledger.owner import Owner, this_process
from keras_norms.lab.ledger.store import Claimed

ENDING = ".json"


class FolderStore:
    """See `keras_norms.lab.ledger.store.Store`; nothing is created before something is written."""

    def __init__(self, folder: Path) -> None:
        if folder.exists() and not folder.is_dir():
            raise BadInput(f"storage={str(folder)!r} is no folder: name a folder or a URL")
        self.name = str(folder)
        self._records, self._leases = folder / "records", folder / "leases"
        self._damaged = folder / "damaged"

    def keys(self) -> set[str]:
        with contextlib.suppress(FileNotFoundError), os.scandir(self._records) as found:
            return {e.name.removesuffix(ENDING) for e in found if e.name.endswith(ENDING)}
        return set()

    def read(self, key: str) -> bytes | None:
        try:
            return self._path(key).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._refused("cannot be read", error) from error

    def write(self, key: str, text: str, *, durable: bool) -> None:
        with self._writing(), self._beside(self._records, text, durable=durable) as part:
            # A link never replaces what another process has finished meanwhile.
            _place(part, self._path(key))

    def set_aside(self, key: str) -> str:
        with self._writing():
            self._damaged.mkdir(parents=True, exist_ok=True)
            for n in itertools.count():
                to = self._damaged / f"{key}.{n}{ENDING}"
                if not to.exists():
                    with contextlib.suppress(FileNotFoundError):  # another process did it
                        self._path(key).rename(to)
                    return str(to)
        raise AssertionError

    def claimed(self) -> dict[str, Claimed]:
        try:
            names = os.listdir(self._leases)
        except FileNotFoundError:
            return {}
        now = self._clock() if names else 0.0
        found = {key: self._claimed(key, now) for key in names if not key.startswith(".")}
        return {key: claimed for key, claimed in found.items() if claimed}

    def claim(self, key: str) -> str | None:
        token = uuid.uuid4().hex
        with self._writing():
            said = json.dumps(asdict(this_process()) | {"token": token})
            with self._beside(self._leases, said) as part:
                return token if _place(part, self._leases / key) else None

    def renew(self, key: str, token: str) -> None:
        with contextlib.suppress(OSError):  # gone: given up for dead, and done by another
            os.utime(self._leases / key)

    def release(self, key: str, token: str) -> bool:
        # Whoever wins the rename removes it. Should a new lease have come between the look and
        # the rename, its job is done twice, and the second record changes nothing.
        away = self._leases / f".{token}.{uuid.uuid4().hex}"
        found = self._claimed(key, 0.0)
        if not found or found.token != token:
            return False
        try:
            (self._leases / key).rename(away)
            away.unlink()
        except FileNotFoundError:
            return False
        return True

    def _claimed(self, key: str, now: float) -> Claimed | None:
        path = self._leases / key
        try:
            age, text = now - path.stat().st_mtime, path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        try:
            said = json.loads(text)
            return Claimed(Owner.read(said), age, str(said["token"]))
        except (ValueError, KeyError, TypeError):
            return Claimed(None, age, "")  # damaged: it ends with its time

    def _clock(self) -> float:
        """The file system's time, which may be another machine's."""
        probe = self._leases / f".{uuid.uuid4().hex}"
        try:
            probe.touch()
            return probe.stat().st_mtime
        finally:
            probe.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._records / f"{key}{ENDING}"

    @contextlib.contextmanager
    def _beside(self, folder: Path, text: str, *, durable: bool = False) -> Iterator[Path]:
        """A whole file of this text in `folder`, removed at the end where it is still there."""
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f".{uuid.uuid4().hex}"
        try:
            with open(part, "w", encoding="utf-8") as file:
                file.write(text)
                if durable:
                    file.flush()
                    os.fsync(file.fileno())
            yield part
        finally:
            part.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._refused("cannot be written", error) from error

    def _refused(self, what: str, error: OSError) -> BadInput:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        instead = "free some space" if full else "name a folder that can, by --storage or --out"
        return BadInput(
            f"storage={self.name!r} {what} ({error.strerror or error}): {instead} and run the same "
            "command again; finished runs are saved"
        )


def _place(part: Path, path: Path) -> bool:
    """Gives the file `part` its name where that is free; False where it is taken."""
    try:
        os.link(part, path)
    except FileExistsError:
        return False
    except OSError:  # a file system without links: the window between look and rename is small
        if path.exists():
            return False
        part.rename(path)
    return True
