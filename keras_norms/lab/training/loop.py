"""The loop of a run whose images are in memory: chunks of steps, evaluations, probes, checkpoints.

Chunks say when the backend is asked for more, and never what it computes.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import keras
import numpy as np

from keras_norms.lab.data import ImageData
from keras_norms.lab.edges.verdict import Verdict, blow_up_limit, blown_up_at, classify
from keras_norms.lab.errors import BadInput
from keras_norms.lab.training.checkpoint import Keeper, Reached
from keras_norms.lab.training.engines import CHUNK, moved
from keras_norms.lab.training.looking import Look, Looks
from keras_norms.lab.training.outcome import COLUMNS, Outcome
from keras_norms.lab.training.program import Program
from keras_norms.lab.training.schedules import learning_rates

if TYPE_CHECKING:
    from keras_norms.lab.training.run import Run

OnStep = Callable[["Run", int], None]
OnPoint = Callable[["Run", dict[str, float]], None]
PATIENCE = 0.5  # seconds that a call into the backend may take, since Ctrl-C waits for its end
A_BYTE = 256  # classes at most where predictions are kept


class Loop:
    """One run on its program, from its own weights and in its own order of batches.

    Or from its checkpoint: see `keras_norms.lab.training.checkpoint`.

    Args:
        program: of the run.
        run: what to train.
        on_step, on_point: see `trainer.train`.
    """

    def __init__(
        self, program: Program, run: Run, on_step: OnStep | None, on_point: OnPoint | None
    ) -> None:
        assert run.program == program.run.program
        if run.keep_predictions:
            _require_bytes(program.data)
        self._program, self._run, self._engine = program, run, program.engine
        self._on_step, self._on_point = on_step or _ignore, on_point or _ignore
        self._keeper = Keeper(run, program.data)
        if found := self._keeper.read():
            self._reached = found.reached
            done = len(found.reached.losses)
            self._engine.reset(found.values, run.seed, found.optimizer, done)
        else:
            self._reached = Reached()
            self._engine.reset(program.initial(run), run.seed)
        self._looks = Looks(run, self._reached.probed)
        self._rates = learning_rates(run.schedule, run.learning_rate, run.steps)
        # One more, for a probe that looks after the last step.
        self._batches = program.batches(run, run.steps + self._looks.any)

    def outcome(self) -> Outcome:
        """Trains to the end."""
        run, reached, program = self._run, self._reached, self._program
        self._keeper.start(reached.cost, program.compile_seconds)
        for row in reached.rows:
            self._report(row)
        verdict, blew_up_at = self._follow()
        predictions = self._engine.predict().astype(np.uint8) if run.keep_predictions else None
        made = Outcome(
            run=run,
            verdict=verdict,
            blew_up_at=blew_up_at,
            curve=dict(zip(COLUMNS, zip(*reached.rows, strict=True), strict=True)),
            losses=np.array(reached.losses, np.float32),
            accuracies=np.array(reached.accuracies, np.float32),
            predictions=predictions,
            correct=None if predictions is None else predictions == self._program.data.y_test,
            probed=reached.probed,
            cost=self._keeper.cost(),
        )
        program.compile_seconds = 0.0  # the first run of a program bears its compilation
        return made

    def _follow(self) -> tuple[Verdict, int | None]:
        run, reached, looks = self._run, self._reached, self._looks
        classes = self._program.data.classes
        losses, accuracies, rows = reached.losses, reached.accuracies, reached.rows
        # The first step goes alone, for its loss sets the limit.
        limit = blow_up_limit(losses[0], classes) if losses else math.inf
        chunk, since = 1, int(rows[-1][0]) if rows else 0
        while True:
            start = len(losses)
            if self._keeper.due() and not looks.midway:
                self._keeper.write(reached, self._engine.values(), self._engine.optimizer_values())
            looks.at_step(start, self._look)
            until = int(min(start + chunk, _next_evaluation(run, start), looks.after(start)))
            began = time.perf_counter()
            piece = self._program.advance(
                run, self._batches[start:until], start, self._rates[start:until], limit
            )
            chunk = _next_chunk(until - start, time.perf_counter() - began)
            losses += piece[0]
            accuracies += piece[1]
            done = len(losses)
            self._on_step(run, done)
            limit = blow_up_limit(losses[0], classes)
            blown_up = blown_up_at(losses, classes) is not None
            if not blown_up and done < _next_evaluation(run, start):
                continue
            tested = self._program.evaluate()
            trained = float(np.mean(losses[since:])), float(np.mean(accuracies[since:]))
            rows.append((done, *trained, *tested))
            looks.at_evaluation(self._look)
            self._report(rows[-1])
            since = done
            if not blown_up and not math.isfinite(tested[0]):
                # The last update did it, before a training step could tell.
                return Verdict.BLEW_UP, done
            enough = run.stop_at and trained[1] >= run.stop_at
            if not blown_up and (done == run.steps or enough):
                looks.at_step(done, self._look)
            if blown_up or done == run.steps or enough:
                return classify(losses, accuracies, classes)

    def _look(self) -> Look:
        step, data = len(self._reached.losses), self._program.data
        batch = self._batches[step : step + 1]
        moves = self._program.moves(self._run, step, batch)
        x = data.x_train[batch[0]]
        if moves is not None:
            order = np.arange(len(x), dtype=np.int32)
            given = map(keras.ops.convert_to_tensor, (x, order, moves[0]))
            x = moved(*given, self._run.of("data").arguments["crop"])
            x = keras.ops.convert_to_numpy(x)
        rate = float(self._rates[min(step, len(self._rates) - 1)])
        y, seed = data.y_train[batch[0]], self._run.seed
        return Look(step, self._engine.current(), data, x, y, rate, seed)

    def _report(self, row: tuple[float, ...]) -> None:
        self._on_point(self._run, dict(zip(COLUMNS, row, strict=True)))


def _ignore(*_: object) -> None:
    pass


def _require_bytes(data: ImageData) -> None:
    if data.classes > A_BYTE or data.y_test.ndim > 1:
        raise BadInput(
            f"Invalid keep_predictions=True: one of {A_BYTE} classes is kept of an image, and "
            f"{data.name!r} has {data.classes}, labels of shape {data.y_test.shape}; leave it out"
        )


def _next_evaluation(run: Run, step: int) -> int:
    every = run.evaluate_every or run.steps
    return min((step // every + 1) * every, run.steps)


def _next_chunk(steps: int, seconds: float) -> int:
    return max(1, min(CHUNK, int(steps * PATIENCE / max(seconds, 1e-9))))
