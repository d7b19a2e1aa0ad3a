"""Optuna's gRPC proxy as a storage of searches, with the patience that a database has.

    grpc://HOST:PORT    a server of `optuna.storages.run_grpc_proxy_server`, before a database

A call that the server does not answer is made again, on a new connection, until it has been away
for too long. What was lost may have been the answer alone, so that a call is carried out twice: a
trial that was created and never heard of stays without a learning rate, which no sampler counts,
and the end of a trial that is told again is the same end.
"""

from __future__ import annotations

import functools
import time
import warnings
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import tenacity
from optuna.exceptions import ExperimentalWarning, UpdateFinishedTrialError
from optuna.storages import BaseStorage, GrpcStorageProxy

from keras_norms.lab.errors import BadInput
from keras_norms.lab.ledger.retrying import LONGEST, PATIENCE

AWAY = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED")


class PatientProxy(GrpcStorageProxy):
    """The client of a proxy server, whose calls wait while the server is away.

    Raises:
        BadInput: of its calls: the server stayed away.
    """

    def __init__(self, *, host: str, port: int, patience: float = PATIENCE) -> None:
        super().__init__(host=host, port=port)
        self.name, self.patience = f"grpc://{host}:{port}", patience

    def reconnect(self) -> None:
        """A new channel at once: the old one would wait longer from try to try."""
        self.close()
        self.__setstate__(self.__getstate__())


def _patient(name: str) -> Callable[..., Any]:
    """A method of the client that is called again while the server is away."""

    @functools.wraps(getattr(GrpcStorageProxy, name))
    def call(self: PatientProxy, *args: Any, **kwargs: Any) -> Any:
        method = getattr(GrpcStorageProxy, name)

        def before(state: tenacity.RetryCallState) -> None:
            if state.attempt_number == 1:
                warnings.warn(
                    f"{time.strftime('%H:%M:%S')} storage {self.name} does not answer; retrying "
                    f"for {self.patience:.0f} s",
                    stacklevel=2,
                )
            self.reconnect()

        tries = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_is_away),
            wait=tenacity.wait_exponential(multiplier=0.1, max=LONGEST),
            stop=tenacity.stop_after_delay(self.patience),
            before_sleep=before,
            reraise=True,
        )
        try:
            return tries(method, self, *args, **kwargs)
        except UpdateFinishedTrialError:
            told_before = (
                name == "set_trial_state_values" and tries.statistics["attempt_number"] > 1
            )
            if told_before:  # by the call whose answer was lost
                return True
            raise
        except Exception as error:
            if not _is_away(error):
                raise
            raise BadInput(
                f"storage={self.name!r} has not answered for {self.patience:.0f} s: finished runs "
                "are saved; start the server and run the same command again"
            ) from error

    return call


for _name in sorted(BaseStorage.__abstractmethods__):
    setattr(PatientProxy, _name, _patient(_name))


def open_proxy(url: str, patience: float = PATIENCE) -> BaseStorage:
    """The storage behind a proxy server that answers now.

    Raises:
        BadInput: a URL that names no server, or one that does not answer; gRPC is not installed.
    """
    parts = urlsplit(url)
    try:
        host, port = parts.hostname, parts.port
    except ValueError:  # no number, or too large
        host = port = None
    if not host or not port or parts.path.strip("/") or "@" in url:
        raise BadInput(f"storage={url!r} names no proxy server; write grpc://HOST:PORT")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            proxy = PatientProxy(host=host, port=port, patience=patience)
        proxy.wait_server_ready(timeout=min(LONGEST, patience))
    except ImportError as error:
        raise BadInput(
            f"storage={url!r} needs grpcio; pip install 'keras-norms[distributed]'"
        ) from error
    except ConnectionError as error:
        raise BadInput(
            f"storage={url!r} cannot be opened: no proxy server answers there; start one with "
            "optuna.storages.run_grpc_proxy_server"
        ) from error
    return proxy


def _is_away(error: BaseException) -> bool:
    code = getattr(error, "code", None)
    return callable(code) and getattr(code(), "name", "") in AWAY
