"""The same search as the frontier's, on your own model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import optuna
from rich.console import Console
from rich.progress import Progress

from keras_norms.lab.edges.threshold import WIDTH, Thresholds
from keras_norms.lab.errors import BadInput
from keras_norms.lab.max_learning_rate import ramp as range_test
from keras_norms.lab.max_learning_rate.result import MaxLearningRate
from keras_norms.lab.max_learning_rate.search import Search
from keras_norms.lab.max_learning_rate.subject import Subject
from keras_norms.lab.trials import open_storage

SETTINGS = "settings"


def find_max_learning_rate(
    build_model: Callable[[], keras.Model],
    data: Any,
    *,
    validation_data: Any = None,
    low: float = 1e-5,
    high: float = 1e2,
    steps: int = 200,
    warmup: int = 0,
    batch_size: int = 32,
    runs: int = 20,
    seeds: int = 3,
    ramp_steps: int = range_test.STEPS,
    width: float = WIDTH,
    storage: str | Path | None = None,
    study_name: str = "max_learning_rate",
    progress: bool = True,
) -> MaxLearningRate:
    """The largest learning rates at which a model is useful, trains, and does not blow up.

    The model is built and compiled once. A ramp of the learning rate, as in a range test (Smith
    2017), says roughly where it blows up. From there a `ThresholdSampler` asks for single runs,
    each from the initial weights of its seed and a fresh optimizer; a run ends after `steps` steps
    or where it blows up: a loss that is not finite or above ten times the larger of its first value
    and ln(classes). At last a rate a third as large as the edge is tried with every seed; it is the
    one to use.

    A classifier is one whose loss is a cross-entropy, or which has an accuracy among its metrics.
    It has trained if its accuracy on held-out examples beats their commonest label, of share m, by
    (1 - m) / 9 and by more than luck (`by_accuracy.py`), and is useful if moreover its training
    loss is below half of the entropy of the labels. Any other model has trained if its training
    loss fell by a ninth, and is useful if it fell by half.

    A range test alone takes 100 steps, and answers a rougher question: on one model eight ramps
    that differed in their seed stopped anywhere from 3.3 to 85, where runs of 200 steps train up to
    0.87 and blow up above 6.0. It says nothing about what happens at a rate that is held.

    Args:
        build_model: gives a new compiled model at each call. A `LearningRateSchedule` in it keeps
            its shape: its largest rate within the steps is what is searched for.
        data: arrays `(x, y)` or `(x, y, sample_weight)`, each of which may be a dict or list of
            arrays; or anything that can be iterated again and again and gives such batches: a
            tf.data.Dataset, a PyDataset, a DataLoader.
        validation_data: what classifiers are judged by, likewise. Where None, a fifth of the arrays
            or the first batches of each pass are held out, a thousand examples at most.
        low, high: the range of learning rates, both positive.
        steps: of a run; all edges but blow-up belong to it.
        warmup: the first steps, over which the rate rises linearly.
        batch_size: of arrays.
        runs: the most for one seed, besides those that try the rate to use; it ends earlier where
            the edges are known to `width`.
        seeds: how many initial weights; each has edges of its own. Of arrays, every run has its
            own order of batches as well.
        ramp_steps: of the ramp; 0 is none.
        width: decades that the 90 % interval of an edge may have.
        storage: a path or URL where finished runs are kept, so that an interrupted search
            resumes when it is called again; memory where None.
        study_name: in the storage.
        progress: whether to show it.

    Returns:
        The rate to use, the edges with their intervals, and every run.

    Raises:
        BadInput: a builder, data or range that cannot be, each named; a storage whose study was
            made with other settings. Finished runs are kept.
    """
    for name, value, least in (
        ("runs", runs, 1),
        ("seeds", seeds, 1),
        ("ramp_steps", ramp_steps, 0),
    ):
        if value < least:
            raise BadInput(f"{name}={value} gives nothing to run; write {least} or more")
    Thresholds.prior(low, high)
    subject = Subject.of(build_model, data, validation_data, batch_size, steps, warmup)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        study_name=study_name,
        storage=open_storage(storage) if storage else None,
        direction="minimize",
        load_if_exists=True,
    )
    asked = {"low": low, "high": high, "steps": steps, "warmup": warmup, "batch_size": batch_size}
    made = _same(study, asked | {"ramp_steps": ramp_steps, "parameters": subject.parameters})
    if SETTINGS not in study.user_attrs:
        ramp = subject.ramp(low, high, ramp_steps).as_dict() if ramp_steps else None
        made |= subject.rules | {"ramp": ramp}
        study.set_user_attr(SETTINGS, made)
    search = Search(study, subject, made)
    with Progress(
        console=Console(stderr=True), disable=not progress, transient=True, redirect_stdout=False
    ) as shown:
        for seed in range(seeds):
            task = shown.add_task(f"seed {seed}", total=runs)
            while not search.finished(seed, runs, width):
                search.run(seed)
                shown.advance(task)
            shown.update(task, completed=runs)
        shown.add_task("the rate to use", total=None)
        return search.confirmed(seeds)


def _same(study: optuna.Study, asked: dict[str, Any]) -> dict[str, Any]:
    """The settings that a study was made with; those that are asked for, where it is new."""
    made = study.user_attrs.get(SETTINGS, asked)
    for name, value in asked.items():
        if made.get(name) != value:
            raise BadInput(
                f"{name}={value!r}: study {study.study_name!r} was made with {made.get(name)!r}; "
                "write that, or give another study_name"
            )
    return made
