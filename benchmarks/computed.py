"""What is computed without training: done once a study, kept as a trial, read back ever after."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import optuna
from optuna.trial import TrialState

from keras_norms.lab.lease import KEY, PROVENANCE, Lease, fail_dead
from keras_norms.lab.progress import Progress
from keras_norms.lab.provenance import described

FOUND = "found"


@dataclass(frozen=True)
class Computation:
    """One of them, by name."""

    name: str

    @property
    def key(self) -> str:
        return self.name

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


def compute_missing(
    study: optuna.Study, computations: Mapping[str, Callable[[], Any]], progress: Progress
) -> None:
    """Computes what no trial has; a result is anything that JSON can hold.

    What another process has under way is left to it.
    """
    fail_dead(study)
    done = computed(study)
    for name, compute in computations.items():
        with progress.stage(f"{study.study_name}, {name}", 1.0):
            lease = None if name in done else Lease.take(study, Computation(name), {})
            if lease is None:
                continue
            with lease:
                found = compute()
            lease.finish(0.0, **{FOUND: found})
            progress.spent(1.0)


def computed(study: optuna.Study) -> dict[str, Any]:
    """Results by name."""
    return {name: trial.user_attrs[FOUND] for name, trial in _trials(study).items()}


def origin(study: optuna.Study) -> str:
    """Where they come from, in one line."""
    trials = _trials(study).values()
    origins = {described(trial.user_attrs[PROVENANCE]) for trial in trials}
    return f"{len(trials)} computations: " + "; ".join(sorted(origins))


def _trials(study: optuna.Study) -> dict[str, optuna.trial.FrozenTrial]:
    trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return {trial.user_attrs[KEY]: trial for trial in trials if FOUND in trial.user_attrs}
