"""One compiled program for all runs that differ only in learning rate, steps and seed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np

from keras_norms.lab.data import ImageData
from keras_norms.lab.edges.verdict import Verdict, blow_up_limit, blown_up_at, classify
from keras_norms.lab.errors import BadInput
from keras_norms.lab.training.batches import batch_indices
from keras_norms.lab.training.building import build, initial_values
from keras_norms.lab.training.checkpoint import Checkpoint, Keeper, Reached
from keras_norms.lab.training.engines import CHUNK, TEST_BATCH, engine_class
from keras_norms.lab.training.memory import enough_memory
from keras_norms.lab.training.outcome import COLUMNS, Cost, Outcome
from keras_norms.lab.training.run import Run
from keras_norms.lab.training.schedules import learning_rates
from keras_norms.lab.training.swept import Shares

OnStep = Callable[[Run, int], None]
OnPoint = Callable[[Run, dict[str, float]], None]
# From the model and its data at an evaluation to numbers and (nested) lists of numbers, by name.
Probe = Callable[[keras.Model, ImageData], Mapping[str, Any]]
KEPT_SEEDS = 8
PATIENCE = 0.5  # seconds that a call into the backend may take, since Ctrl-C waits for its end


class Program:
    """A model, its optimizer and its training loop, compiled once and run many times.

    Args:
        run: any of the runs that share the program.
        data: its data.

    Raises:
        BadInput: a batch larger than the training set or than memory, or a run for another backend.
    """

    def __init__(self, run: Run, data: ImageData) -> None:
        require_backend(run)
        if run.batch > len(data.y_train):
            raise BadInput(
                f"batch={run.batch} is larger than the {len(data.y_train)} training examples of "
                f"{data.name!r}: write a smaller one"
            )
        started = time.perf_counter()
        self._run, self._data = run, data
        model = build(run, data, run.seed)
        self._initial = {run.seed: initial_values(model)}
        self._shares = Shares(model)
        optimizer = keras.optimizers.SGD(learning_rate=1.0, momentum=run.momentum)
        self._engine = engine_class()(model, optimizer, data)
        # Compiled here, so that no run's own time contains it.
        self._engine.reset(self._values(run.seed), run.seed)
        batches = batch_indices(len(data.y_train), run.batch, 1, run.seed)
        self._advance(run, batches, np.zeros(1, np.float32), np.inf)
        self._evaluate()
        self._compile_seconds = time.perf_counter() - started

    def train(
        self,
        run: Run,
        on_step: OnStep | None = None,
        on_point: OnPoint | None = None,
        probe: Probe | None = None,
    ) -> Outcome:
        """Train one run, from its own weights and in its own order of batches.

        Or from its checkpoint: see `keras_norms.lab.training.checkpoint`.
        """
        assert run.program == self._run.program
        cpu, wall = time.process_time(), time.perf_counter()
        keeper = Keeper(run, self._data, probe)
        if found := keeper.read():
            reached = found.reached
            self._engine.reset(found.values, run.seed, found.optimizer, len(reached.losses))
        else:
            reached = Reached()
            self._engine.reset(self._values(run.seed), run.seed)
        before = reached.cost

        def cost() -> Cost:
            return Cost(
                before.cpu_seconds + time.process_time() - cpu,
                before.wall_seconds + time.perf_counter() - wall,
                # The first run of the program bears its compilation.
                before.compile_seconds + self._compile_seconds,
            )

        def keep() -> None:
            if keeper.due():
                reached.cost = cost()
                values, optimizer = self._engine.values(), self._engine.optimizer_values()
                keeper.write(Checkpoint(reached, values, optimizer))

        def tell(row: tuple[float, ...]) -> None:
            if on_point is not None:
                on_point(run, dict(zip(COLUMNS, row, strict=True)))

        def at_point(row: tuple[float, ...]) -> None:
            if probe is not None:
                reached.probed.append(probe(self._engine.current(), self._data))
            tell(row)

        for row in reached.rows:
            tell(row)
        verdict, blew_up_at = self._follow(run, reached, on_step or _ignore, at_point, keep)
        outcome = Outcome(
            run=run,
            verdict=verdict,
            blew_up_at=blew_up_at,
            curve=dict(zip(COLUMNS, zip(*reached.rows, strict=True), strict=True)),
            probed=tuple(reached.probed),
            cost=cost(),
        )
        self._compile_seconds = 0.0
        return outcome

    def _values(self, seed: int) -> list[np.ndarray]:
        if seed not in self._initial:
            if len(self._initial) == KEPT_SEEDS:
                del self._initial[next(iter(self._initial))]  # the oldest
            self._initial[seed] = initial_values(build(self._run, self._data, seed))
        return self._initial[seed]

    def _advance(
        self, run: Run, batches: np.ndarray, rates: np.ndarray, limit: float
    ) -> tuple[list[float], list[float]]:
        with enough_memory("batch", run.batch, "a training step"):
            return self._engine.advance(batches, rates, self._shares(run), run.l2, limit)

    def _evaluate(self) -> tuple[float, float]:
        with enough_memory("width", self._run.width, f"{TEST_BATCH} test images at a time"):
            return self._engine.evaluate()

    def _follow(
        self,
        run: Run,
        reached: Reached,
        on_step: OnStep,
        at_point: Callable[[tuple[float, ...]], None],
        keep: Callable[[], None],
    ) -> tuple[Verdict, int | None]:
        """The verdict and the step of a blow-up; `reached` is gone on with, to the end."""
        classes, examples = self._data.classes, len(self._data.y_train)
        batches = batch_indices(examples, run.batch, run.steps, run.seed, reshuffle=run.reshuffle)
        rates = learning_rates(run.schedule, run.learning_rate, run.steps)
        losses, accuracies, rows = reached.losses, reached.accuracies, reached.rows
        # The first step goes alone, for its loss sets the limit.
        limit = blow_up_limit(losses[0], classes) if losses else math.inf
        chunk, since = 1, int(rows[-1][0]) if rows else 0
        while True:
            keep()
            start = len(losses)
            until = min(start + chunk, _next_evaluation(run, start))
            began = time.perf_counter()
            piece = self._advance(run, batches[start:until], rates[start:until], limit)
            chunk = _next_chunk(until - start, time.perf_counter() - began)
            losses += piece[0]
            accuracies += piece[1]
            done = len(losses)
            on_step(run, done)
            limit = blow_up_limit(losses[0], classes)
            blown_up = blown_up_at(losses, classes) is not None
            if not blown_up and done < _next_evaluation(run, start):
                continue
            tested = self._evaluate()
            trained = float(np.mean(losses[since:])), float(np.mean(accuracies[since:]))
            rows.append((done, *trained, *tested))
            at_point(rows[-1])
            since = done
            if not blown_up and not math.isfinite(tested[0]):
                # The last update did it, before a training step could tell.
                return Verdict.BLEW_UP, done
            if blown_up or done == run.steps:
                return classify(losses, accuracies, classes)


def require_backend(run: Run) -> None:
    """Raises BadInput where `run` is for another backend than the one that is running."""
    if run.backend != keras.config.backend():
        raise BadInput(
            f"backend={run.backend!r} is not the one that is running, "
            f"{keras.config.backend()!r}: set KERAS_BACKEND={run.backend}"
        )


def _ignore(*_: object) -> None:
    pass


def _next_evaluation(run: Run, step: int) -> int:
    every = run.evaluate_every or run.steps
    return min((step // every + 1) * every, run.steps)


def _next_chunk(steps: int, seconds: float) -> int:
    return max(1, min(CHUNK, int(steps * PATIENCE / max(seconds, 1e-9))))
