"""Measurements of curvature as Optuna trials: each is made once, kept at once, and read back."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from pathlib import Path

import optuna
from optuna.trial import FrozenTrial, TrialState

from keras_norms.lab import data
from keras_norms.lab.edges.sharpness import Measurement, Point, Sharpness
from keras_norms.lab.edges.theory import maximal_learning_rate
from keras_norms.lab.lease import KEY, Lease, fail_dead

POINTS = "points"

Measure = Callable[[Measurement], Iterable[Point]]


def measured_by(data_dir: str | Path | None = None) -> Measure:
    """Measures one after the other; while the program stays the same, nothing is compiled anew."""
    kept: dict[tuple, Sharpness] = {}

    def measure(wanted: Measurement) -> Iterable[Point]:
        program = wanted.run.program, wanted.examples
        if program not in kept:
            kept.clear()
            loaded = data.load(wanted.run.data, data_dir=data_dir)
            kept[program] = Sharpness(wanted.run, loaded, wanted.examples)
        return kept[program].measure(wanted.run, wanted.at)

    return measure


def measure_missing(study: optuna.Study, wanted: Iterable[Measurement], measure: Measure) -> None:
    """Makes the measurements that no trial has and no other live process has under way.

    A trial's value is the learning rate that the curvature at its first point predicts.
    """
    fail_dead(study)
    done = finished(study)
    for measurement in wanted:
        if measurement.key in done:
            continue
        lease = Lease.take(study, measurement, {})
        if lease is None:
            continue
        with lease:
            points = list(measure(measurement))
        rates = [maximal_learning_rate(p.largest.lambda_max) for p in points[:1]]
        value = rates[0] if rates and math.isfinite(rates[0]) else 0.0
        lease.finish(value, **{POINTS: [point.as_dict() for point in points]})


def finished(study: optuna.Study) -> dict[str, FrozenTrial]:
    """Finished measurements by key."""
    trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return {trial.user_attrs[KEY]: trial for trial in trials if POINTS in trial.user_attrs}


def points_of(trial: FrozenTrial) -> list[Point]:
    return [Point.from_dict(content) for content in trial.user_attrs[POINTS]]
