"""The ledger: takes, leases, finishes, resumes and reads back jobs of every kind.

A finished job is one immutable record under its key, shared by all experiments of a storage. A
process that does a job holds its lease, one process at a time and none for ever: a lease ends with
its process, or where no sign of life came for ten minutes from another host. At worst a job is done
twice, never wrongly. Nothing here imports a framework.
"""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from keras_norms.lab.errors import BadInput
from keras_norms.lab.ledger.opening import open_store
from keras_norms.lab.ledger.record import Damaged
from keras_norms.lab.ledger.record import Record as Record
from keras_norms.lab.ledger.store import RENEW, Claimed, Store

LOOKING = 0.05  # share of the time that goes into glances at most


class Ledger:
    """The records of a storage, as at the last `look`.

    Args:
        store: where they lie; see `Ledger.open`.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._keys: set[str] = set()
        self._read: dict[str, Record] = {}
        self._refused: set[str] = set()  # damaged, and not to be moved away from here
        self._next = 0.0
        self.look()

    @classmethod
    def open(cls, storage: str | Path) -> Ledger:
        """The ledger of a folder, of a database by its URL, or of an archive.

        Raises:
            BadInput: it cannot be opened.
        """
        return cls(open_store(storage))

    @property
    def name(self) -> str:
        return self._store.name

    def look(self) -> None:
        """Sees what was finished since; the names of all records are read for it."""
        began = time.monotonic()
        self._keys = self._store.keys()
        ended = time.monotonic()
        self._next = ended + (ended - began) / LOOKING

    def glance(self) -> None:
        """A look, unless looks would take more than a twentieth of the time.

        What it misses is seen by `take`, or by a later one.
        """
        if time.monotonic() >= self._next:
            self.look()

    def __len__(self) -> int:
        return len(self._keys)

    def keys(self) -> set[str]:
        return set(self._keys)

    def get(self, key: str) -> Record | None:
        """The record of a key; None where there is none, or none that is whole.

        A damaged one is set aside and named in a warning, and its job is done again.
        """
        if key in self._read or key not in self._keys:
            return self._read.get(key)
        text = self._store.read(key)
        if text is None or key in self._refused:
            return None
        try:
            self._read[key] = Record.read(text, key)
        except Damaged as error:
            self._drop(key, str(error))
            return None
        return self._read[key]

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self.get(key) is not None

    def put(self, record: Record, *, durable: bool = True) -> None:
        """Keeps a record; one that is there already under its key stays.

        Args:
            durable: whether it must outlive a power failure, which costs a few milliseconds; what
                is quickly done again need not.

        Raises:
            BadInput: it cannot be written.
        """
        self._store.write(record.key, record.text(), durable=durable)
        self._keys.add(record.key)

    def under_way(self) -> set[str]:
        """The keys that living processes hold leases of; those of dead ones are released."""
        living = set()
        for key, claimed in self._store.claimed().items():
            if not _released(self._store, key, claimed):
                living.add(key)
        return living

    def take(self, key: str, parts: Iterable[str]) -> Lease | None:
        """The right to do a job; None where another process has it, or has finished it.

        Args:
            key: of the job.
            parts: the keys of its records.
        """
        # Where many work, most of what one tries has been finished since its last look: to read
        # that costs a tenth of claiming the job and giving it back.
        if self._finished(parts):
            return None
        token = self._store.claim(key)
        if token is None:
            return None
        lease = Lease(self._store, key, token)
        if self._finished(parts):  # between that and the claim
            lease.release()
            return None
        return lease

    def _finished(self, parts: Iterable[str]) -> bool:
        """Whether all parts have records by now, seen or not."""
        self._keys.update(part for part in parts if self._is_new(part))
        return all(part in self for part in parts)

    def _is_new(self, key: str) -> bool:
        return key not in self._keys and self._store.read(key) is not None

    def release_of(self, pid: int) -> None:
        """Releases what a process of this host held, which is known to have ended."""
        for key, claimed in self._store.claimed().items():
            owner = claimed.owner
            if owner and owner.is_here() and owner.pid == pid:
                self._store.release(key, claimed.token)

    def _drop(self, key: str, reason: str) -> None:
        try:
            where = f"it is kept as {self._store.set_aside(key)}, and its job is done again"
            self._keys.discard(key)
        except BadInput:
            where = "it is not used"
        self._refused.add(key)
        warnings.warn(f"record {key} of {self.name} {reason}: {where}", stacklevel=4)
        if key not in self._keys:
            self._refused.discard(key)


class Lease:
    """The right of this process to do one job, renewed by a thread until it is released.

    Within `with lease:` it is released at the end, however that comes.
    """

    def __init__(self, store: Store, key: str, token: str) -> None:
        self._store, self.key, self._token = store, key, token
        self._ended = threading.Event()
        # A thread of its own, since a compilation may take minutes.
        threading.Thread(target=self._renew, daemon=True).start()

    def release(self) -> None:
        self._ended.set()
        self._store.release(self.key, self._token)

    def __enter__(self) -> Lease:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _renew(self) -> None:
        while not self._ended.wait(RENEW):
            try:
                self._store.renew(self.key, self._token)
            except BadInput:  # a server that stayed away: the main thread says so
                return


def _released(store: Store, key: str, claimed: Claimed) -> bool:
    return claimed.has_ended() and store.release(key, claimed.token)


def recorded(ledger: Ledger, parts: Mapping[str, str]) -> dict[str, Any] | None:
    """The outcomes of the parts of a job by name; None where one is missing."""
    found = {name: ledger.get(key) for name, key in parts.items()}
    if any(record is None for record in found.values()):
        return None
    return {name: record.outcome for name, record in found.items() if record}
