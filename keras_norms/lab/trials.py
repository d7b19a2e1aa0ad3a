"""Searches as Optuna studies in Optuna's own storages, whose trials name the keys of their runs.

A search is replayed from the records of its jobs, so these studies are a view of it, for the
dashboard and for Optuna's own tools: nothing is read back from them, and one that is damaged or
gone is written anew.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import FloatDistribution
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial
from sqlalchemy.exc import SQLAlchemyError

from keras_norms.lab.errors import BadInput
from keras_norms.lab.grpc_storage import open_proxy
from keras_norms.lab.journal import open_journal
from keras_norms.lab.ledger.passwords import hidden, hidden_url

JOURNAL = "searches.log"  # in the folder of the records
KEY = "key"  # of a trial's run


def open_storage(storage: str | Path) -> BaseStorage:
    """Optuna's storage beside the records: the same database, or a journal in the folder.

    Or Optuna's proxy, grpc://HOST:PORT, before the database of many machines.

    Raises:
        BadInput: it cannot be opened; the message has the URL without its password.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    url = str(storage)
    try:
        if url.startswith("grpc://"):
            return open_proxy(url)
        if "://" in url and not url.startswith("journal://"):
            return optuna.storages.get_storage(url)  # whose own errors come below
        path = Path(url.removeprefix("journal://"))
        return open_journal(path if path.suffix == ".log" else path / JOURNAL)
    except BadInput:
        raise
    # SQLAlchemy, its drivers and the file system each have their own errors.
    except Exception as error:
        reason = hidden(str(error).strip().split("\n")[0] or type(error).__name__)
        raise BadInput(f"storage={hidden_url(url)!r} cannot be opened: {reason}") from error


def open_study(
    name: str, storage: str | Path, *, directions: Iterable[str] = ("maximize",)
) -> optuna.Study:
    """The study `name`, created where it is not there."""
    return optuna.create_study(
        study_name=name,
        storage=open_storage(storage),
        directions=list(directions),
        load_if_exists=True,
        sampler=optuna.samplers.RandomSampler(),  # asked for nothing, so the cheapest
    )


def mirror(searches: Mapping[str, Sequence[tuple[Any, Any]]], storage: str | Path) -> None:
    """Writes the searches as studies, a trial a job; what the storage has already stays.

    A failure is a warning: the records have everything.

    Args:
        searches: by the name of the study its jobs with their outcomes.
        storage: of the records.
    """
    if not searches:
        return
    try:
        opened = open_storage(storage)
        for name, done in searches.items():
            _mirror(name, done, opened)
    except (BadInput, OSError, SQLAlchemyError, optuna.exceptions.OptunaError) as error:
        said = hidden(str(error).split("\n")[0])
        warnings.warn(
            f"the searches cannot be shown in Optuna's storage ({said}); the records have them",
            stacklevel=2,
        )


def _mirror(name: str, done: Sequence[tuple[Any, Any]], storage: BaseStorage) -> None:
    study = optuna.create_study(
        study_name=name, storage=storage, direction="maximize", load_if_exists=True
    )
    have = {trial.user_attrs.get(KEY) for trial in study.get_trials(deepcopy=False)}
    missing = [(job, outcome) for job, outcome in done if job.key not in have]
    study.add_trials([_trial(job, outcome) for job, outcome in missing])


def _trial(job: Any, outcome: Any) -> FrozenTrial:
    """Numbers of the job are its parameters, the final accuracy is its value."""
    rate = {"learning_rate": FloatDistribution(1e-12, 1e12, log=True)}
    known = {"learning_rate": getattr(job, "learning_rate", None)}
    params = {name: value for name, value in known.items() if value is not None}
    value = outcome.final("test_accuracy") if hasattr(outcome, "final") else 0.0
    verdict = str(getattr(outcome, "verdict", ""))
    return optuna.trial.create_trial(
        params=params,
        distributions={name: rate[name] for name in params},
        user_attrs={KEY: job.key, "job": job.title, "seed": job.seed, "verdict": verdict},
        value=value if math.isfinite(value) else 0.0,
    )
