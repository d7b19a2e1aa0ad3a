"""Retry database calls while the server is unreachable; anything else is said in one sentence."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

import sqlalchemy
import tenacity
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    NoSuchModuleError,
    OperationalError,
    SQLAlchemyError,
)

from keras_norms.lab.errors import BadInput
from keras_norms.lab.ledger.passwords import hidden

PATIENCE = 300.0  # seconds that a server may be away, as in a restart or a move to another machine
LONGEST = 10.0  # seconds between two tries; the first waits are shorter
INSTEAD = "write a folder, sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"
# libpq's: a machine that has vanished is noticed within a minute, not by TCP's hours.
PROMPT = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
BUSY = ("database is locked", "database table is locked")
# What a server, or the way to it, says where waiting would not help.
WRONG = (
    *("password", "authentication", "does not exist", "permission denied", "no pg_hba.conf"),
    *("could not translate host name", "failed to resolve", "name or service not known"),
    *("invalid port", "invalid dsn", "unsupported"),
)

T = TypeVar("T")


class Retrying:
    """Runs functions of a connection in transactions of their own.

    What was lost is the answer; the call itself may have been carried out, so every call must do
    no harm when it is repeated.

    Raises:
        BadInput: a URL, driver, file or server that cannot be used; a server that stayed away.
    """

    def __init__(self, url: str, name: str, patience: float = PATIENCE) -> None:
        self._name, self._patience, self._answered = name, patience, False
        try:
            parsed = sqlalchemy.make_url(url)
            server = parsed.get_backend_name() == "postgresql"
            self._engine = sqlalchemy.create_engine(
                parsed, pool_pre_ping=server, connect_args=PROMPT if server else {}
            )
        except (ArgumentError, NoSuchModuleError, ValueError) as error:
            raise BadInput(f"storage={name!r} is no storage ({_said(error)}); {INSTEAD}") from error
        except ImportError as error:
            raise BadInput(
                f"storage={name!r} needs {error.name}; pip install 'keras-norms[distributed]'"
            ) from error

    def __call__(self, call: Callable[[sqlalchemy.Connection], T]) -> T:
        tries = tenacity.Retrying(
            retry=tenacity.retry_if_exception(self._is_away),
            wait=tenacity.wait_exponential(multiplier=0.1, max=LONGEST),
            stop=tenacity.stop_after_delay(self._patience),
            before_sleep=self._warn,
            reraise=True,
        )
        try:
            answer = tries(self._once, call)
        except IntegrityError:
            raise
        except (SQLAlchemyError, UnicodeError) as error:  # a damaged file's own words
            raise self._refused(error) from error
        self._answered = True
        return answer

    def _once(self, call: Callable[[sqlalchemy.Connection], T]) -> T:
        with self._engine.begin() as connection:
            return call(connection)

    def _is_away(self, error: BaseException) -> bool:
        """Lost connections, servers that start up, locked files; not damage nor a wrong URL."""
        if not isinstance(error, OperationalError | InterfaceError):
            return False
        said = str(error.orig).lower()
        if self._engine.dialect.name == "sqlite":
            return said in BUSY
        return self._answered or not any(words in said for words in WRONG)

    def _warn(self, state: tenacity.RetryCallState) -> None:
        if state.attempt_number == 2:  # a stale connection is new at the second try
            reason = _said(state.outcome.exception()) if state.outcome else ""
            # The time makes each warning new, so that Python shows a second one too.
            warnings.warn(
                f"{time.strftime('%H:%M:%S')} storage {self._name} does not answer ({reason}); "
                f"retrying for {self._patience:.0f} s",
                stacklevel=2,
            )

    def _refused(self, error: SQLAlchemyError | UnicodeError) -> BadInput:
        if self._is_away(error):
            return BadInput(
                f"storage={self._name!r} has not answered for {self._patience:.0f} s "
                f"({_said(error)}): finished runs are saved; start the server and run the same "
                "command again"
            )
        if not self._answered:
            return BadInput(f"storage={self._name!r} cannot be opened: {_said(error)}; {INSTEAD}")
        return BadInput(
            f"storage={self._name!r} is damaged or cannot be written ({_said(error)}): restore it "
            "from a copy, or name another"
        )


def _said(error: Any) -> str:
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    return hidden(str(cause).strip().split("\n")[0] or type(error).__name__)
