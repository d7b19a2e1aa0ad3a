"""What is asked of surgery on one architecture."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np

from benchmarks.speed.clock import forget
from benchmarks.surgery.architectures import CLASSES, built, images, unsettle
from benchmarks.surgery.operations import FOLD, OPERATIONS, ROUND_TRIP, TOLERANCE
from keras_norms import layers
from keras_norms.surgery import Report, convert, fold

BATCH = 2

Row = dict[str, Any]
Make = Callable[[], keras.Model]


def architecture(*, name: str) -> list[Row]:
    """The rows of an architecture of `keras.applications`, by name."""
    forget()
    return list(examine(lambda: built(name)))


def examine(make: Make, operations: Sequence[str] = OPERATIONS) -> Iterator[Row]:
    """A row for each operation on the architecture that `make` makes.

    Keys: `operation`; `done` and `left`, the numbers of normalizers; `reasons`, from what was
    said of those left to their names; `error`, the largest difference of outputs that should be
    equal over the largest output; `in float64`, the same of the same weights in double precision,
    of a fold; `rounding`, the same of the model before and itself in double precision; `failed`,
    what did not hold, empty where all did; `seconds` of the processor.
    """
    keras.utils.set_random_seed(0)
    model = make()
    unsettle(model)
    for operation in operations:
        started = time.process_time()
        row: Row = {"operation": operation, "done": 0, "left": 0, "reasons": {}}
        try:
            row |= CHECKS.get(operation, _converted)(model, operation, make)
        except Exception as error:  # whatever it is, the others are still examined
            row["failed"] = f"{type(error).__name__}: {error}"
        yield {"failed": "", **row, "seconds": time.process_time() - started}


def _folded(model: keras.Model, _: str, make: Make) -> Row:
    """In double precision a fold agrees; in single, as far as the model agrees with itself.

    Deep random networks amplify what is rounded, whoever rounds: so the model itself is as far
    from its outputs in double precision.
    """
    new, report = fold(model)
    row = {**_counted(report), "error": difference(new, model)}
    if not row["done"]:
        return {**row, "failed": _far(row["error"], 0.0)}
    with double_precision():
        wide = make()
        wide.set_weights(model.get_weights())
        row["rounding"] = difference(model, wide)
        row["in float64"] = difference(fold(wide)[0], wide)
    allowed = max(TOLERANCE, 2 * row["rounding"])
    return {**row, "failed": _far(row["in float64"], TOLERANCE) or _far(row["error"], allowed)}


def _there_and_back(model: keras.Model, *_: Any) -> Row:
    """Keras's batch normalization to ours, and back to the last bit."""
    of_keras = keras.layers.BatchNormalization
    ours, report = convert(model, "batch", lambda layer: type(layer) is of_keras)
    back, _ = convert(ours, of_keras, lambda layer: type(layer) is layers.BatchNormalization)
    error = difference(ours, model)
    failed = ""
    same = zip(back.weights, model.weights, strict=True)
    if not all(np.array_equal(_array(new), _array(old)) for new, old in same):
        failed = "weights changed"
    elif difference(back, model):
        failed = "outputs changed"
    return {**_counted(report), "error": error, "failed": failed}


def _converted(model: keras.Model, spec: str, _: Make) -> Row:
    new, report = convert(model, spec)
    row = _counted(report)
    x = images(new, BATCH)
    # Tracing a graph of a thousand layers costs more than running each of them once.
    new.compile(keras.optimizers.SGD(1e-3), _loss(), run_eagerly=True, jit_compile=False)
    loss = float(new.train_on_batch(x, np.arange(BATCH) % CLASSES))
    if not np.isfinite(loss):
        return {**row, "failed": f"the loss is {loss}"}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "new.keras"
        new.save(path)
        error = difference(keras.models.load_model(path), new)
    return {**row, "error": error, "failed": _far(error, 0.0)}


CHECKS: dict[str, Callable[[keras.Model, str, Make], Row]] = {
    FOLD: _folded,
    ROUND_TRIP: _there_and_back,
}


def difference(new: keras.Model, old: keras.Model) -> float:
    """The largest difference of outputs over the largest output of `old`, at inference.

    1e300 where it is not finite, which JSON can hold.
    """
    x = images(old, BATCH, seed=2).astype(old.dtype)
    outputs, expected = (_array(model(x, training=False)) for model in (new, old))
    found = float(np.abs(outputs - expected).max() / np.abs(expected).max())
    return found if np.isfinite(found) else 1e300


@contextmanager
def double_precision() -> Iterator[None]:
    """New layers compute in float64."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float64")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(policy)


def _counted(report: Report) -> Row:
    done = Counter(row["done"] for row in report)
    reasons: dict[str, list[str]] = {}
    for row in report:
        if row["done"] == "left":
            reasons.setdefault(row["detail"], []).append(row["layer"])
    left = done.pop("left", 0)
    return {"done": done.total(), "left": left, "reasons": reasons}


def _far(error: float, tolerance: float) -> str:
    return "" if error <= tolerance else f"outputs differ by {error:.1e}"


def _loss() -> keras.losses.Loss:
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def _array(value: Any) -> np.ndarray:
    return keras.ops.convert_to_numpy(value)
