"""CPU time of one compiled program, and of a `model.fit` for each learning rate."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from benchmarks.speed.clock import forget
from keras_norms.lab import data
from keras_norms.lab.errors import BadInput
from keras_norms.lab.machine import require_machine
from keras_norms.lab.training.initialization import build
from keras_norms.lab.training.loop import Loop
from keras_norms.lab.training.program import Program
from keras_norms.lab.training.run import Run

STEPS_AN_EPOCH = 20  # so that `fit` comes out at whole epochs


def pair(*, model: str, rates: int, batch: int, steps: int, machine: str, seed: int) -> Any:
    """CPU seconds of both sides, each building and compiling what it needs.

    Keys: "fit", a new model for each rate, and "program"; seeds take turns in which is first.
    """
    require_machine(machine)
    forget()
    images = data.load("digits")
    found = [
        Run(model=model, normalizer="batch", batch=batch, steps=steps, learning_rate=rate)
        for rate in np.logspace(-3, 0, rates).tolist()
    ]
    sides = {"fit": with_fit, "program": with_program}
    # What only the first training of a process pays belongs to neither side.
    first = replace(found[0], model="mlp:depth=1", steps=STEPS_AN_EPOCH)
    for side in sides.values():
        side([first], images)
    order = sorted(sides, reverse=bool(seed % 2))
    return {name: _cpu_seconds(sides[name], found, images) for name in order}


def with_fit(runs: Sequence[Run], images: data.ImageData) -> None:
    """Each run by a `fit` of its own."""
    for run in runs:
        examples = slice(STEPS_AN_EPOCH * run.batch)
        model = build(run, images, run.seed)
        model.compile(
            keras.optimizers.SGD(run.learning_rate),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
        x, y = images.x_train[examples], images.y_train[examples]
        epochs = run.steps // STEPS_AN_EPOCH
        model.fit(x, y, batch_size=run.batch, epochs=epochs, verbose=0)


def with_program(runs: Sequence[Run], images: data.ImageData) -> None:
    """All runs by one program, compiled anew."""
    program = Program(runs[0], images)
    for run in runs:
        outcome = Loop(program, run, None, None).outcome()
        if outcome.final("step") < run.steps:  # it ends early, and so compares with nothing
            raise BadInput(f"learning_rate={run.learning_rate:.2g} blew up: no fair comparison")


def _cpu_seconds(side: Callable[..., None], runs: Sequence[Run], images: data.ImageData) -> float:
    started = time.process_time()
    side(runs, images)
    return time.process_time() - started
