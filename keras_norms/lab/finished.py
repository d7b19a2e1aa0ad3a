"""A study opened, and the outcomes that its trials hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import optuna
from optuna.trial import FrozenTrial, TrialState

from keras_norms.lab.errors import BadInput
from keras_norms.lab.lease import KEY, PROVENANCE, RUN
from keras_norms.lab.storage import hide_password, open_storage
from keras_norms.lab.training import Outcome, Run

OUTCOME = "outcome"
T = TypeVar("T")


def open_study(name: str, storage: str | Path, *, direction: str = "maximize") -> optuna.Study:
    """The study `name` in the storage that a URL or path names; created where it is not there.

    Raises:
        BadInput: the storage cannot be opened (see `open_storage`), or has a study of this name
            that seeks something else.
    """
    opened = open_storage(storage)
    sampler = optuna.samplers.RandomSampler()  # asked for nothing, so the cheapest
    if name in optuna.get_all_study_names(opened):  # creating it again would write a line
        study = optuna.load_study(study_name=name, storage=opened, sampler=sampler)
    else:
        study = optuna.create_study(
            study_name=name,
            storage=opened,
            direction=direction,
            load_if_exists=True,
            sampler=sampler,
        )
    if [found.name.lower() for found in study.directions] != [direction]:
        raise BadInput(
            f"storage={hide_password(str(storage))!r} has a study {name!r} that is of something "
            f"else: its directions are {[str(d) for d in study.directions]}, not [{direction!r}]; "
            "name another storage"
        )
    return study


class Finished(Mapping[str, Outcome]):
    """The finished outcomes of a study by key, oldest first, as at the last `look`.

    Outcomes are long and most are not asked for, so each is read when it is.
    """

    def __init__(self, study: optuna.Study) -> None:
        self._study = study
        self._trials: dict[str, FrozenTrial] = {}
        self._outcomes: dict[str, Outcome] = {}
        self.look()

    def look(self) -> None:
        """Sees what was finished since."""
        for trial in finished_trials(self._study):
            self._trials.setdefault(trial.user_attrs[KEY], trial)

    def __getitem__(self, key: str) -> Outcome:
        if key not in self._outcomes:
            self._outcomes[key] = outcome_of(self._trials[key])
        return self._outcomes[key]

    def __contains__(self, key: object) -> bool:
        return key in self._trials

    def __iter__(self) -> Iterator[str]:
        return iter(self._trials)

    def __len__(self) -> int:
        return len(self._trials)


def finished(study: optuna.Study) -> Finished:
    """Every finished outcome of the study by key, oldest first."""
    return Finished(study)


def outcomes(study: optuna.Study) -> list[Outcome]:
    """Every finished outcome of the study, oldest first."""
    return list(finished(study).values())


def finished_trials(study: optuna.Study) -> list[FrozenTrial]:
    """The trials that hold an outcome; a study may also hold trials that others put there."""
    trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return [trial for trial in trials if OUTCOME in trial.user_attrs]


def outcome_of(trial: FrozenTrial) -> Outcome:
    """The outcome that a finished trial holds.

    Raises:
        BadInput: another version wrote it, with other fields.
    """
    return _read(trial, OUTCOME, Outcome.from_dict)


def run_of(trial: FrozenTrial) -> Run:
    """The run of a trial, finished or not.

    Raises:
        BadInput: another version wrote it, with other fields.
    """
    return _read(trial, RUN, Run.from_dict)


def _read(trial: FrozenTrial, name: str, read: Callable[[Any], T]) -> T:
    try:
        return read(trial.user_attrs[name])
    except BadInput as error:
        made = trial.user_attrs.get(PROVENANCE, {})
        versions = ", ".join(f"{of} {made.get(of, '?')}" for of in ("keras_norms", "commit"))
        raise BadInput(
            f"trial {trial.number} of this storage was written by another version ({versions}) and "
            f"cannot be read: {error}. It is kept as it is: write another --out or --storage, or "
            "use that version"
        ) from error
