"""How much faster a folded network predicts."""

from __future__ import annotations

import time

import keras
import numpy as np

from benchmarks.surgery.cells import Cell
from keras_norms.surgery import fold

THREADS = ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS")
ROUNDS = 9
BATCHES = 4  # of one call: what it costs to start counts less so, as in use


def measure(cell: Cell) -> dict[str, list[float]]:
    """Seconds of `predict` on four batches of images, in turns: of the processor, on the clock.

    Keys: "whole", "folded", and both with " clock" behind. Neither model is compiled by XLA but
    where the backend knows nothing else.
    """
    make = getattr(keras.applications, cell.name)
    keras.utils.set_random_seed(0)
    whole = make(weights=None, input_shape=(cell.side, cell.side, 3))
    folded, _ = fold(whole)
    x = np.random.default_rng(0).normal(size=(BATCHES * cell.batch, cell.side, cell.side, 3))
    x = x.astype("float32")
    sides = {"whole": whole, "folded": folded}
    for model in sides.values():
        model.compile(jit_compile=cell.backend == "jax")
        for _ in range(2):  # TensorFlow optimizes the graph at the first
            model.predict(x[: cell.batch], verbose=0)
    seconds: dict[str, list[float]] = {f"{s}{clock}": [] for s in sides for clock in ("", " clock")}
    for turn in range(ROUNDS):
        for side in list(sides)[:: 1 if turn % 2 else -1]:
            started, on_clock = time.process_time(), time.perf_counter()
            sides[side].predict(x, batch_size=cell.batch, verbose=0)
            seconds[side].append(time.process_time() - started)
            seconds[f"{side} clock"].append(time.perf_counter() - on_clock)
    return seconds
