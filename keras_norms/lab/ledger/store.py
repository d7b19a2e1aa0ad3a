"""What a ledger keeps its records and leases in: one small interface, several places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from keras_norms.lab.ledger.owner import Owner

RENEW = 30.0  # seconds between two signs of life
EXPIRE = 600.0  # seconds without one after which another host's lease has ended


@dataclass(frozen=True)
class Claimed:
    """A lease as it lies in a store.

    Attributes:
        owner: its process; None where that cannot be read.
        age: seconds since its last sign of life, by the store's own clock.
        token: names this very lease, so that only it is removed and not its successor.
    """

    owner: Owner | None
    age: float
    token: str

    def has_ended(self) -> bool:
        """Whether nobody does the job any more, as far as one can know."""
        if self.owner is not None and self.owner.is_here():
            return self.owner.has_ended()
        return self.age > EXPIRE


class Store(Protocol):
    """Texts of records by key, written once each, and leases by key."""

    name: str  # as messages call it: without a password

    def keys(self) -> set[str]:
        """The keys of all records."""
        ...

    def read(self, key: str) -> str | bytes | None:
        """The text of a record; None where there is none."""
        ...

    def write(self, key: str, text: str, *, durable: bool) -> None:
        """Keeps a record, whole or not at all; one that is there already stays as it is.

        A durable one outlives a power failure, which costs a few milliseconds.
        """
        ...

    def set_aside(self, key: str) -> str:
        """Moves a damaged record out of the way, kept; returns where it lies now."""
        ...

    def claimed(self) -> Mapping[str, Claimed]:
        """The leases that lie there, of living processes and of dead ones."""
        ...

    def claim(self, key: str) -> str | None:
        """Takes a lease for this process; its token, None where there is one already."""
        ...

    def renew(self, key: str, token: str) -> None:
        """A sign of life."""
        ...

    def release(self, key: str, token: str) -> bool:
        """Removes the lease with this token; False where somebody else was quicker."""
        ...
