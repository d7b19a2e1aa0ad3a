"""Searches as Optuna studies in Optuna's own storages, whose trials name the keys of their runs.

A search is replayed from the records of its jobs, so these studies are a view of it, for the
dashboard and for Optuna's own tools: nothing is read back from them, and one that is damaged or
gone is written anew.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from pathlib import Path

import optuna
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial
from sqlalchemy.exc import SQLAlchemyError

from keras_norms.lab.errors import BadInput
from keras_norms.lab.journal import open_journal
from keras_norms.lab.ledger.passwords import hidden, hidden_url

JOURNAL = "searches.log"  # in the folder of the records
KEY = "key"  # of a trial's run


def open_storage(storage: str | Path) -> BaseStorage:
    """Optuna's storage beside the records: the same database, or a journal in the folder.

    Raises:
        BadInput: it cannot be opened; the message has the URL without its password.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    url = str(storage)
    try:
        if "://" in url and not url.startswith("journal://"):
            return optuna.storages.get_storage(url)
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


def mirror(studies: Iterable[optuna.Study], storage: str | Path) -> None:
    """Writes what the studies in memory have and the storage lacks; a failure is a warning."""
    try:
        opened = open_storage(storage)
        for study in studies:
            _mirror(study, opened)
    except (BadInput, OSError, SQLAlchemyError, optuna.exceptions.OptunaError) as error:
        said = hidden(str(error).split("\n")[0])
        warnings.warn(
            f"the searches cannot be shown in Optuna's storage ({said}); the records have them",
            stacklevel=2,
        )


def _mirror(study: optuna.Study, storage: BaseStorage) -> None:
    try:
        shown = optuna.load_study(study_name=study.study_name, storage=storage)
        have = {_name(trial) for trial in shown.get_trials(deepcopy=False)}
    except KeyError:
        shown = optuna.create_study(
            study_name=study.study_name, storage=storage, directions=study.directions
        )
        have = set()
    finished = study.get_trials(deepcopy=False, states=[optuna.trial.TrialState.COMPLETE])
    shown.add_trials([trial for trial in finished if _name(trial) not in have])


def _name(trial: FrozenTrial) -> str:
    return str(trial.user_attrs.get(KEY, trial.number))
