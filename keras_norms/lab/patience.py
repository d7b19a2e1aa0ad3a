"""A server that is away for a while: every call on the storage is tried again until it is back."""

from __future__ import annotations

import abc
import time
import warnings
from collections.abc import Callable
from typing import Any

from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage
from sqlalchemy.exc import InterfaceError, OperationalError

from keras_norms.lab.errors import BadInput

PATIENCE = 300.0  # seconds that a server may be away, as in a restart or a move to another machine
LONGEST = 10.0  # seconds between two tries; the first waits are shorter


def _forwarding(storage: type[BaseStorage]) -> type[BaseStorage]:
    """Gives the class every method of Optuna's list, rather than a list that would fall behind."""

    def forwarded(name: str) -> Callable[..., Any]:
        def method(self: PatientStorage, *arguments: Any, **named: Any) -> Any:
            return self._patiently(name, arguments, named)

        return method

    for name, method in vars(BaseStorage).items():
        if callable(method) and not name.startswith("_"):
            setattr(storage, name, forwarded(name))
    return abc.update_abstractmethods(storage)


@_forwarding
class PatientStorage(BaseStorage):
    """A storage whose every method waits for a lost connection, at most `PATIENCE` at a time.

    What was lost is the answer; the call itself may have been carried out. Repeated, it does no
    harm: attributes are set to the same values, a trial told twice is refused by the storage
    (`Lease` expects that), and a trial put down twice by one process is seen by `Lease.take`.

    Args:
        storage: what is behind it.
        name: how messages call it, without a password.
    """

    def __init__(self, storage: BaseStorage, name: str) -> None:
        self._behind, self._name = storage, name
        self._away: float | None = None  # since when, once it was said

    def _patiently(self, method: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        pause, began = 0.0, time.monotonic()
        while True:
            try:
                answer = getattr(self._behind, method)(*arguments, **named)
            except (StorageInternalError, OperationalError, InterfaceError) as error:
                reason = _reason(error)
                if reason is None:
                    raise
                if time.monotonic() - began > PATIENCE:
                    raise BadInput(
                        f"storage={self._name!r} has not answered for {PATIENCE:.0f} s: {reason}; "
                        "finished runs are kept, so start the server and give the command again"
                    ) from error
                if pause and self._away is None:  # a stale connection is new at the second try
                    self._away = began
                    _say(f"{self._name} does not answer ({reason}); trying for {PATIENCE:.0f} s")
                time.sleep(pause)
                pause = min(max(2 * pause, 0.1), LONGEST)
            else:
                if self._away is not None:
                    _say(f"{self._name} answers again after {time.monotonic() - self._away:.0f} s")
                    self._away = None
                return answer


def _reason(error: Exception) -> str | None:
    """What the driver says where a connection or a lock is the cause; None for other errors."""
    cause = error.__cause__ if isinstance(error, StorageInternalError) else error
    if not isinstance(cause, OperationalError | InterfaceError):
        return None
    return str(cause.orig).strip().split("\n")[0]


def _say(text: str) -> None:
    # The time makes each warning new, so that Python shows a second one too.
    warnings.warn(f"{time.strftime('%H:%M:%S')} storage {text}", stacklevel=2)
