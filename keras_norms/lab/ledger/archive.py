"""The compact record of the runs of a page: one compressed file that is committed beside it.

A page is redrawn from it without training: it is a storage that can be read and not written.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from pathlib import Path

from keras_norms.lab.errors import BadInput
from keras_norms.lab.ledger.record import Damaged, Record
from keras_norms.lab.ledger.store import Claimed
from keras_norms.lab.report.whole_files import write_bytes

ENDING = ".jsonl.gz"


def write_archive(path: Path, records: Iterable[Record]) -> None:
    """Equal records give equal files, byte for byte."""
    lines = sorted(record.text() for record in records)
    write_bytes(path, gzip.compress("".join(lines).encode(), 9, mtime=0))


class ArchiveStore:
    """See `keras_norms.lab.ledger.store.Store`.

    Raises:
        BadInput: there is no such file, or it is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        try:
            lines = gzip.decompress(path.read_bytes()).splitlines()
            self._texts = {Record.read(line).key: line for line in lines}
        except (OSError, EOFError, ValueError) as error:  # Damaged is a ValueError
            said = str(error) if isinstance(error, Damaged) else type(error).__name__
            raise BadInput(
                f"storage={self.name!r} is no archive of records ({said}): restore it from a copy"
            ) from error

    def keys(self) -> set[str]:
        return set(self._texts)

    def read(self, key: str) -> bytes | None:
        return self._texts.get(key)

    def write(self, key: str, text: str, *, durable: bool) -> None:
        raise self._read_only()

    def set_aside(self, key: str) -> str:
        raise self._read_only()

    def claimed(self) -> dict[str, Claimed]:
        return {}

    def claim(self, key: str) -> str | None:
        raise self._read_only()

    def renew(self, key: str, token: str) -> None:
        """Nothing is ever leased here."""

    def release(self, key: str, token: str) -> bool:
        return False

    def _read_only(self) -> BadInput:
        return BadInput(
            f"storage={self.name!r} is an archive, which can be read and not written: to run what "
            "it lacks, name a folder or a URL"
        )
