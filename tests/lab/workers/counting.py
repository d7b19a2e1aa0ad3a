"""What a test of workers counts: trainings in the log, trials in the storage."""

from __future__ import annotations

import importlib.util
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import keras
from optuna.trial import TrialState

from keras_norms.lab.trials import open_study
from tests.lab.workers.sleeping import BEGAN, ENDED, Settings, lines

# Of workers: the quickest to import, since nothing is trained.
BACKEND = "jax" if importlib.util.find_spec("jax") else keras.config.backend()
LIMIT = 120.0  # seconds that a test waits for something before it fails


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)


def count(log: Path, what: str = ENDED) -> int:
    return sum(line[2] == what for line in lines(log))


def busy(log: Path) -> list[int]:
    """The processes that are in the middle of a training."""
    began = Counter(process for _, process, what in lines(log) if what == BEGAN)
    ended = Counter(process for _, process, what in lines(log) if what == ENDED)
    return sorted(process for process in began if began[process] > ended[process])


def verify(settings: Settings, storage: str, lost: int) -> None:
    """No run is lost and none counted twice; trained twice are at most those that were lost.

    Prints what it counts.
    """
    wanted = [run.key for run in settings.runs()]
    trials = open_study(settings.study, storage).get_trials()
    finished = Counter(
        trial.user_attrs["key"] for trial in trials if trial.state == TrialState.COMPLETE
    )
    failed = sum(trial.state == TrialState.FAIL for trial in trials)
    found = lines(Path(settings.log))
    trained = Counter(key for key, _, what in found if what == ENDED)
    again = sum(
        count - 1 for count in Counter(key for key, _, what in found if what == BEGAN).values()
    )
    workers = {process for _, process, _ in found}
    print(
        f"\n{len(wanted)} runs wanted, {len(finished)} finished, "
        f"{sum(finished.values()) - len(finished)} counted twice, "
        f"{len(set(wanted) - set(finished))} lost; {len(workers)} workers, "
        f"{again} begun again, {failed} trials failed"
    )
    assert finished == Counter(wanted)
    assert set(trained) == set(wanted)
    # One that was killed between the end of a run and its storing has trained it in vain.
    assert sum(trained.values()) - len(trained) <= again <= lost
    assert {trial.state for trial in trials} <= {TrialState.COMPLETE, TrialState.FAIL}
