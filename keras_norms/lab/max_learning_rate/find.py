"""The same search as the frontier's, on your own model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import optuna
from optuna.trial import TrialState
from rich.console import Console
from rich.progress import Progress

from keras_norms.lab.edges.sampler import VERDICT, ThresholdSampler
from keras_norms.lab.edges.threshold import WIDTH, Thresholds
from keras_norms.lab.errors import BadInput
from keras_norms.lab.max_learning_rate.result import BETWEEN_SEEDS, RATE, SEED, MaxLearningRate
from keras_norms.lab.max_learning_rate.user_batches import UserBatches
from keras_norms.lab.max_learning_rate.user_model import UserModel
from keras_norms.lab.trials import open_storage

SETTINGS = "settings"


def find_max_learning_rate(
    build_model: Callable[[], keras.Model],
    data: Any,
    *,
    low: float = 1e-5,
    high: float = 1e2,
    steps: int = 200,
    batch_size: int = 32,
    runs: int = 20,
    seeds: int = 3,
    width: float = WIDTH,
    storage: str | Path | None = None,
    study_name: str = "max_learning_rate",
    progress: bool = True,
) -> MaxLearningRate:
    """The largest learning rates at which a model is useful, trains, and does not blow up.

    The model is built and compiled once. Each run starts from the initial weights of its seed and
    a fresh optimizer, at a learning rate that a `ThresholdSampler` asks for, and ends after
    `steps` steps or where it blows up: a loss that is not finite or above ten times the larger of
    its first value and ln(classes). It has trained if its accuracy over the last tenth of the
    steps beats chance c by (1 - c) / 9, and is useful if its loss there is below ln(classes) / 2;
    of a model without an accuracy metric, if its loss fell by a ninth, and by half.

    Args:
        build_model: gives a new compiled model at each call, with a constant learning rate.
        data: arrays `(x, y)` or `(x, y, sample_weight)`; or anything that can be iterated again
            and again and gives such batches: a tf.data.Dataset, a PyDataset, a DataLoader.
        low, high: the range of learning rates, both positive.
        steps: of a run; all edges but blow-up belong to it.
        batch_size: of arrays.
        runs: the most for one seed; it ends earlier where the edges are known to `width`.
        seeds: how many initial weights; each has edges of its own. Of arrays, every run has its
            own order of batches as well.
        width: decades that the 90 % interval of an edge may have.
        storage: a path or URL where finished runs are kept, so that an interrupted search
            resumes when it is called again; memory where None.
        study_name: in the storage.
        progress: whether to show it.

    Returns:
        The edges with their intervals, and every run.

    Raises:
        BadInput: a builder, data or range that cannot be, each named; a storage whose study was
            made with other settings. Finished runs are kept.
    """
    for name, value in (("steps", steps), ("runs", runs), ("seeds", seeds)):
        if value < 1:
            raise BadInput(f"{name}={value} gives nothing to run; write 1 or more")
    Thresholds.prior(low, high)
    batches = UserBatches(data, batch_size)
    model = UserModel(build_model, batches.first())
    sampler = ThresholdSampler(RATE, conditions={SEED: BETWEEN_SEEDS}, seed=0)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        study_name=study_name,
        storage=open_storage(storage) if storage else None,
        sampler=sampler,
        direction="minimize",
        load_if_exists=True,
    )
    settings = {
        "low": low,
        "high": high,
        "steps": steps,
        "batch_size": batch_size,
        "parameters": model.parameters,
        "trained": model.rule,
        "useful": model.useful_rule,
    }
    _require_same(study, settings)
    with Progress(
        console=Console(stderr=True), disable=not progress, transient=True, redirect_stdout=False
    ) as shown:
        for seed in range(seeds):
            task = shown.add_task(f"seed {seed}", total=runs)
            while not _finished(study, sampler, seed, runs, width):
                _run(study, model, batches, seed, settings)
                shown.advance(task)
            shown.update(task, completed=runs)
    return result_of(study, sampler, seeds, settings)


def result_of(
    study: optuna.Study, sampler: ThresholdSampler, seeds: int, settings: dict[str, Any]
) -> MaxLearningRate:
    """What the finished trials of a study say."""
    known = [sampler.thresholds(study, seed=seed) for seed in range(seeds)]
    priors = [sampler.before(study, seed=seed) for seed in range(seeds)]
    trials = [trial for trial in _told(study) if trial.user_attrs[SEED] < seeds]
    return MaxLearningRate(known, priors, trials, settings)


def _require_same(study: optuna.Study, settings: dict[str, Any]) -> None:
    made = study.user_attrs.get(SETTINGS, settings)
    for name, value in settings.items():
        if made.get(name) != value:
            raise BadInput(
                f"{name}={value!r}: study {study.study_name!r} was made with {made.get(name)!r}; "
                "write that, or give another study_name"
            )
    study.set_user_attr(SETTINGS, settings)


def _told(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))


def _finished(
    study: optuna.Study, sampler: ThresholdSampler, seed: int, runs: int, width: float
) -> bool:
    done = sum(trial.user_attrs[SEED] == seed for trial in _told(study))
    return done >= runs or (done > 0 and sampler.thresholds(study, seed=seed).settled(width))


def _run(
    study: optuna.Study, model: UserModel, batches: UserBatches, seed: int, settings: dict[str, Any]
) -> None:
    """One run as a trial, whose value is its last loss where that is a number."""
    trial = study.ask()
    try:
        trial.set_user_attr(SEED, seed)
        rate = trial.suggest_float(RATE, settings["low"], settings["high"], log=True)
        # Each run in an order of its own: a rate that is tried again then gives new information.
        ended = model.train(rate, seed, batches.of(trial.number, settings["steps"]))
    except BaseException:  # Ctrl-C among them
        study.tell(trial, state=TrialState.FAIL)
        raise
    for name, value in ended.as_dict().items():
        trial.set_user_attr(name, value)
    trial.set_user_attr(VERDICT, ended.verdict)
    study.tell(trial, ended.value)
