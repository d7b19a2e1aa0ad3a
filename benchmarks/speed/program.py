"""CPU time of one compiled program against one `model.fit` per learning rate.

Set-up: a deep MLP with batch normalization on the digits, SGD, sixteen learning rates from 1e-3 to
1, none of which blows up, so that both sides take every step. A `fit` side builds, compiles and
fits a new model for each learning rate, as one would by hand; the program is built and compiled
once a repeat, and that is counted. The sides take turns, since a machine's speed drifts; the
ratio is the median over the repeats.

    python -m benchmarks.speed.program
    KERAS_BACKEND=jax python -m benchmarks.speed.program --repeats 1
"""

from __future__ import annotations

import argparse
import dataclasses
import statistics
import time
from collections.abc import Callable, Sequence

import keras
import numpy as np
from tabulate import tabulate

from keras_norms.lab import data, models
from keras_norms.lab.errors import BadInput
from keras_norms.lab.training import Run
from keras_norms.lab.training.program import Program

STEPS_AN_EPOCH = 20  # so that `fit` comes out at whole epochs


def with_fit(runs: Sequence[Run], images: data.ImageData) -> None:
    """Each run by a `fit` of its own."""
    for run in runs:
        examples = slice(STEPS_AN_EPOCH * run.batch)
        model = models.build(run, images.input_shape, images.classes)
        model.compile(
            keras.optimizers.SGD(run.learning_rate, momentum=run.momentum),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
        model.fit(
            images.x_train[examples],
            images.y_train[examples],
            batch_size=run.batch,
            epochs=run.steps // STEPS_AN_EPOCH,
            verbose=0,
        )


def with_program(runs: Sequence[Run], images: data.ImageData) -> None:
    """All runs by one program, compiled anew."""
    program = Program(runs[0], images)
    for run in runs:
        outcome = program.train(run)
        if outcome.verdict.blown:  # it ends early, and so compares with nothing
            raise SystemExit(f"learning_rate={run.learning_rate:.2g} blew up: no fair comparison")


def cpu_seconds(side: Callable[..., None], runs: Sequence[Run], images: data.ImageData) -> float:
    started = time.process_time()
    side(runs, images)
    return time.process_time() - started


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, default, meaning in (
        ("repeats", 3, "interleaved repeats"),
        ("rates", 16, "learning rates"),
        ("depth", 16, "hidden layers"),
        ("width", 64, "units in each"),
        ("batch", 64, "examples a step"),
        ("steps", 200, f"steps of each run, a multiple of {STEPS_AN_EPOCH}"),
    ):
        parser.add_argument(f"--{name}", type=int, default=default, help=f"{meaning} ({default})")
    given = parser.parse_args(arguments)
    if given.steps < 1 or given.steps % STEPS_AN_EPOCH:
        parser.error(f"--steps {given.steps} is not a multiple of {STEPS_AN_EPOCH}")
    if min(given.rates, given.repeats) < 1:
        parser.error(f"--rates {given.rates} and --repeats {given.repeats} must be at least 1")

    images = data.load("digits")
    most = len(images.y_train) // STEPS_AN_EPOCH
    if given.batch > most:
        parser.error(f"--batch {given.batch} leaves no {STEPS_AN_EPOCH} batches: at most {most}")
    sizes = {name: getattr(given, name) for name in ("depth", "width", "batch", "steps")}
    try:
        run = Run(**sizes, normalizer="batch", learning_rate=1.0)
    except BadInput as error:
        parser.error(str(error))
    rates = np.logspace(-3, 0, given.rates)
    runs = [dataclasses.replace(run, learning_rate=rate) for rate in rates]
    # What only the first training of a process pays belongs to neither side.
    for side in (with_fit, with_program):
        side([dataclasses.replace(run, depth=1, steps=STEPS_AN_EPOCH)], images)

    rows, ratios = [], []
    for repeat in range(given.repeats):
        fit = cpu_seconds(with_fit, runs, images)
        program = cpu_seconds(with_program, runs, images)
        ratios.append(program / fit)
        rows.append((repeat + 1, fit, program, ratios[-1]))
    header = ("repeat", "fit, CPU s", "program, CPU s", "ratio")
    print(f"{given.rates} learning rates, {given.steps} steps, depth {given.depth}, {run.backend}")
    print(tabulate(rows, header, tablefmt="github", floatfmt=("d", ".3g", ".3g", ".3f")))
    print(f"median ratio {statistics.median(ratios):.3f}")


if __name__ == "__main__":
    main()
