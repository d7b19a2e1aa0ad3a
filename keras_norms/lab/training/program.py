"""One compiled program for all runs that differ only in what it takes as arguments."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from keras_norms.lab.data import ImageData
from keras_norms.lab.errors import BadInput
from keras_norms.lab.provenance import require_backend
from keras_norms.lab.training import optimizers
from keras_norms.lab.training.batch_order import batch_indices, class_batch_indices, moves
from keras_norms.lab.training.engines import TEST_BATCH, engine_class
from keras_norms.lab.training.initialization import build, initial_values
from keras_norms.lab.training.options import PARTS
from keras_norms.lab.training.out_of_memory import enough_memory
from keras_norms.lab.training.parameter_groups import Shares

if TYPE_CHECKING:
    from keras_norms.lab.training.run import Run

KEPT_SEEDS = 8


class Program:
    """A model, its optimizer and its training loop, compiled once and run many times.

    Args:
        run: any of the runs that share the program.
        data: its data.

    Raises:
        BadInput: a batch larger than the training set or than memory, or a run for another backend.
    """

    def __init__(self, run: Run, data: ImageData) -> None:
        require_backend(run.backend)
        if run.batch > len(data.y_train):
            raise BadInput(
                f"Invalid batch={run.batch}: {data.name!r} has {len(data.y_train)} training "
                "examples; write a smaller one, or 0 for all of them"
            )
        started = time.perf_counter()
        self.run, self.data = run, data
        # Always the builder's initializer: an orthogonal one gives torch variables another memory
        # layout, on which the rounding of a product depends.
        usual = replace(run, initializer="default")
        model = build(usual, data, run.seed)
        self._initial = {(usual.initializer, run.seed): initial_values(model)}
        self._shares = Shares(model)
        optimizer = run.of("optimizer")
        self.engine = engine_class()(
            model,
            optimizers.make(optimizer, model),
            data,
            crop=run.of("data").arguments["crop"],
            parts=optimizer.arguments["applies_to"] != PARTS[0],
        )
        # Compiled here, so that no run's own time contains it.
        self.engine.reset(self.initial(run), run.seed)
        self.advance(run, self.batches(run, 1), 0, np.zeros(1, np.float32), np.inf)
        self.evaluate()
        self.compile_seconds = time.perf_counter() - started

    def batches(self, run: Run, steps: int) -> np.ndarray:
        """The order of the examples in the first `steps` steps of a run."""
        asked, labels = run.of("data").arguments, self.data.y_train
        if classes := asked["batch_classes"]:
            return class_batch_indices(labels, run.batch, steps, run.seed, classes)
        reshuffle = asked["reshuffle"]
        return batch_indices(len(labels), run.batch, steps, run.seed, reshuffle=reshuffle)

    def moves(self, run: Run, first: int, batches: np.ndarray) -> np.ndarray | None:
        """How the images of these batches, the first of them of step `first`, are moved."""
        asked = run.of("data").arguments
        if not (asked["flip"] or asked["crop"]):
            return None
        steps, batch = batches.shape
        return moves(first, steps, batch, run.seed, flip=asked["flip"], crop=asked["crop"])

    def initial(self, run: Run) -> list[np.ndarray]:
        """The initial values of a run's model, in the order of its variables."""
        key = run.initializer, run.seed
        if key not in self._initial:
            if len(self._initial) == KEPT_SEEDS:
                del self._initial[next(iter(self._initial))]  # the oldest
            self._initial[key] = initial_values(build(run, self.data, run.seed))
        return self._initial[key]

    def advance(
        self, run: Run, batches: np.ndarray, first: int, rates: np.ndarray, limit: float
    ) -> tuple[list[float], list[float]]:
        """Loss and accuracy of each step, from step `first` on; see `engines.Engine.advance`."""
        moved, l2 = self.moves(run, first, batches), run.of("optimizer").arguments["l2"]
        with enough_memory("batch", batches.shape[1], "a training step"):
            return self.engine.advance(batches, moved, rates, self._shares(run), l2, limit)

    def evaluate(self) -> tuple[float, float]:
        """Loss and accuracy on the test set."""
        with enough_memory("model", self.run.model, f"{TEST_BATCH} test images at a time"):
            return self.engine.evaluate()
