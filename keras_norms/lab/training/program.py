"""One compiled program for all runs that differ only in learning rate, schedule and seed."""

from __future__ import annotations

import contextlib
import functools
import random
import time
from collections.abc import Callable, Iterator

import keras
import numpy as np

from keras_norms.lab import models
from keras_norms.lab.data import ImageData
from keras_norms.lab.errors import BadInput
from keras_norms.lab.stability.verdict import blow_up_limit, blown_up_at, classify
from keras_norms.lab.training.engines import CHUNK, engine_class
from keras_norms.lab.training.outcome import COLUMNS, Cost, Outcome
from keras_norms.lab.training.run import Run
from keras_norms.lab.training.schedules import learning_rates

KEPT_SEEDS = 8


class Program:
    """A model, its optimizer and its training loop, compiled once and run many times.

    Args:
        run: any of the runs that share the program.
        data: its data.

    Raises:
        BadInput: a batch larger than the training set, or a run for another backend.
    """

    def __init__(self, run: Run, data: ImageData) -> None:
        if run.backend != keras.config.backend():
            raise BadInput(
                f"backend={run.backend!r} is not the one that is running, "
                f"{keras.config.backend()!r}: set KERAS_BACKEND={run.backend}"
            )
        if run.batch > len(data.y_train):
            raise BadInput(
                f"batch={run.batch} is larger than the {len(data.y_train)} training examples of "
                f"{data.name!r}: write a smaller one"
            )
        started = time.perf_counter()
        self.content = run.program
        self._data = data
        self.initial_values = functools.lru_cache(KEPT_SEEDS)(
            functools.partial(_initial_values, run, data)
        )
        model = _build(run, data, run.seed)
        optimizer = keras.optimizers.SGD(learning_rate=1.0, momentum=run.momentum)
        self._engine = engine_class()(model, optimizer, data, run.l2)
        # Compiled here, so that no run's own time contains it.
        self._engine.reset(self.initial_values(run.seed), run.seed)
        self._engine.advance(_batches(run, data)[:1], np.zeros(1, np.float32), np.inf)
        self._engine.evaluate()
        self._compile_seconds = time.perf_counter() - started

    def train(self, run: Run, on_step: Callable[[Run, int], None] | None = None) -> Outcome:
        """Train one run, from its own weights and in its own order of batches."""
        assert run.program == self.content
        cpu, wall = time.process_time(), time.perf_counter()
        self._engine.reset(self.initial_values(run.seed), run.seed)
        rates = learning_rates(run.schedule, run.learning_rate, run.steps)
        batches = _batches(run, self._data)
        losses: list[float] = []
        accuracies: list[float] = []
        rows: list[tuple[float, ...]] = []
        limit, since = np.inf, 0
        for start, end in _pieces(run):
            loss, accuracy = self._engine.advance(batches[start:end], rates[start:end], limit)
            losses += loss
            accuracies += accuracy
            if on_step is not None:
                on_step(run, len(losses))
            if not start:
                limit = blow_up_limit(losses[0], self._data.classes)
            # The limit is known only after the first step, which may itself not be finite.
            blown_up = blown_up_at(losses, self._data.classes) is not None
            if (
                blown_up
                or end == run.steps
                or (run.evaluate_every and not end % run.evaluate_every)
            ):
                train = float(np.mean(losses[since:])), float(np.mean(accuracies[since:]))
                rows.append((float(len(losses)), *train, *self._engine.evaluate()))
                since = len(losses)
            if blown_up:
                break
        verdict, blew_up_at = classify(losses, accuracies, self._data.classes)
        return Outcome(
            run=run,
            verdict=verdict,
            blew_up_at=blew_up_at,
            curve=dict(zip(COLUMNS, zip(*rows, strict=True), strict=True)),
            cost=self._cost(cpu, wall),
        )

    def _cost(self, cpu: float, wall: float) -> Cost:
        # The first run of the program bears its compilation.
        compile_seconds, self._compile_seconds = self._compile_seconds, 0.0
        return Cost(time.process_time() - cpu, time.perf_counter() - wall, compile_seconds)


def _pieces(run: Run) -> Iterator[tuple[int, int]]:
    """Steps in chunks: the first alone, since it sets the limit; none across an evaluation."""
    start = 0
    while start < run.steps:
        end = min(start + CHUNK if start else 1, run.steps)
        if run.evaluate_every:
            end = min(end, (start // run.evaluate_every + 1) * run.evaluate_every)
        yield start, end
        start = end


def _batches(run: Run, data: ImageData) -> np.ndarray:
    """Indices of the examples of each step, (steps, batch): a new shuffle every epoch."""
    draw = np.random.default_rng([run.seed, 1])
    a_pass = len(data.y_train) // run.batch
    passes = -(-run.steps // a_pass)
    orders = [draw.permutation(len(data.y_train))[: a_pass * run.batch] for _ in range(passes)]
    return np.concatenate(orders).reshape(-1, run.batch)[: run.steps].astype(np.int32)


def _initial_values(run: Run, data: ImageData, seed: int) -> list[np.ndarray]:
    model = _build(run, data, seed)
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in model.variables]


def _build(run: Run, data: ImageData, seed: int) -> keras.Model:
    with _drawing_from(seed), _in_precision(run.precision):
        return models.build(run, data.input_shape, data.classes)


@contextlib.contextmanager
def _drawing_from(seed: int) -> Iterator[None]:
    """Seed Python's `random`, from which Keras draws the seed of whatever was given none."""
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)


@contextlib.contextmanager
def _in_precision(policy: str) -> Iterator[None]:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
