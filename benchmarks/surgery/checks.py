"""What is asked of surgery on one model."""

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
from benchmarks.surgery import architectures, small_backbones
from benchmarks.surgery.inputs import in_precision_of, inputs
from benchmarks.surgery.operations import FOLD, OF_BACKBONES, OPERATIONS, ROUND_TRIP, TOLERANCE
from benchmarks.surgery.unsettling import unsettle
from keras_norms import layers
from keras_norms.anatomy.graph import is_graph, kept_by_config, made_by_class
from keras_norms.anatomy.selection import is_normalizer
from keras_norms.surgery import Report, convert, fold

BATCH = 2
SAID = 240  # characters of an error

Row = dict[str, Any]
Make = Callable[[], keras.Model]


def architecture(*, name: str) -> list[Row]:
    """The rows of an architecture of `keras.applications`, by name."""
    forget()
    return list(examine(lambda: architectures.built(name)))


def backbone(*, name: str) -> list[Row]:
    """The rows of a backbone of keras_hub, by its name in `small_backbones`."""
    forget()
    small_backbones.keras_hub()
    return list(examine(lambda: small_backbones.built(name), OF_BACKBONES))


def examine(make: Make, operations: Sequence[str] = OPERATIONS) -> Iterator[Row]:
    """A row for each operation on the model that `make` makes.

    Keys: `operation`; `done` and `left`, the numbers of normalizers; `reasons`, from what was
    said of those left to their names; `kept`, whether the class of the model is; `unknown`, the
    numbers of layers that are normalizers by their class's name and of no kind that surgery knows;
    `saved`, whether as a model or by its weights; `error`, the largest difference of outputs that
    should be equal over the largest output; `in float64`, the same of the same weights in double
    precision, of a fold; `rounding`, the same of the model before and itself in double precision;
    `failed`, what did not hold, empty where all did, also where the model could not be made;
    `seconds` of the processor.
    """
    keras.utils.set_random_seed(0)
    row: Row = {"done": 0, "left": 0, "reasons": {}, "failed": ""}
    try:
        model = make()
        unsettle(model)
        row["unknown"] = _unknown(model)
    except Exception as error:  # a row says so
        row["failed"] = f"not built: {_said(error)}"
        yield from ({"operation": one, **row, "seconds": 0.0} for one in operations)
        return
    for operation in operations:
        started, found = time.process_time(), {"operation": operation, **row}
        try:
            found |= CHECKS.get(operation, _converted)(model, operation, make)
        except Exception as error:  # whatever it is, the others are still examined
            found["failed"] = _said(error)
        yield {**found, "seconds": time.process_time() - started}


def _folded(model: keras.Model, _: str, make: Make) -> Row:
    """In double precision a fold agrees; in single, as far as the model agrees with itself.

    Deep random networks amplify what is rounded, whoever rounds: so the model itself is as far
    from its outputs in double precision.
    """
    new, report = fold(model)
    row = {**_counted(report, new, model), "error": difference(new, model)}
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
    if _values(back) != _values(model):
        failed = "weights changed"
    elif difference(back, model):
        failed = "outputs changed"
    return {**_counted(report, ours, model), "error": error, "failed": failed}


def _converted(model: keras.Model, spec: str, make: Make) -> Row:
    new, report = convert(model, spec)
    row = _counted(report, new, model)
    x = inputs(new, BATCH)
    zeros = keras.tree.map_structure(lambda y: np.zeros(y.shape), new(x, training=False))
    losses = keras.tree.map_structure(lambda _: keras.losses.MeanAbsoluteError(), zeros)
    # Tracing a graph of a thousand layers costs more than running each of them once.
    new.compile(keras.optimizers.SGD(1e-3), losses, run_eagerly=True, jit_compile=False)
    loss = float(np.ravel(new.train_on_batch(x, zeros))[0])
    if not np.isfinite(loss):
        return {**row, "failed": f"the loss is {loss}"}
    loaded, row["saved"] = _saved_and_loaded(new, lambda: convert(make(), spec)[0])
    error = difference(loaded, new)
    return {**row, "error": error, "failed": _far(error, 0.0)}


def _saved_and_loaded(new: keras.Model, again: Make) -> tuple[keras.Model, str]:
    """By a file of the model, or of its weights, and which of them.

    Of its weights where a class makes the layers that were replaced, and where a layer that was
    not replaced cannot be read from a file.
    """
    inside = [new, *new._flatten_layers(include_self=False)]
    by_class = any(is_graph(m) and (kept_by_config(m) or made_by_class(m)) for m in inside)
    with tempfile.TemporaryDirectory() as folder:
        if not by_class:
            try:
                new.save(path := Path(folder) / "new.keras")
                return keras.models.load_model(path), "model"
            except Exception as error:
                refused = error
        new.save_weights(path := Path(folder) / "new.weights.h5")
        loaded = again()
        loaded.load_weights(path)
        return loaded, "weights" if by_class else f"weights, as no file: {_said(refused)}"


CHECKS: dict[str, Callable[[keras.Model, str, Make], Row]] = {
    FOLD: _folded,
    ROUND_TRIP: _there_and_back,
}


def difference(new: keras.Model, old: keras.Model) -> float:
    """The largest difference of outputs over the largest output of `old`, at inference.

    Of several outputs that of the one which differs most. 1e300 where it is not finite, which
    JSON can hold.
    """
    x = in_precision_of(old, inputs(old, BATCH, seed=2))
    outputs, expected = (_arrays(model(x, training=False)) for model in (new, old))
    found = max(_relative(y, wanted) for y, wanted in zip(outputs, expected, strict=True))
    return found if np.isfinite(found) else 1e300


def _relative(found: np.ndarray, wanted: np.ndarray) -> float:
    if np.array_equal(found, wanted):
        return 0.0
    return float(np.abs(found - wanted).max() / np.abs(wanted).max())


@contextmanager
def double_precision() -> Iterator[None]:
    """New layers compute in float64."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float64")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(policy)


def _counted(report: Report, new: keras.Model, model: keras.Model) -> Row:
    done = Counter(row["done"] for row in report)
    reasons: dict[str, list[str]] = {}
    for row in report:
        if row["done"] == "left":
            reasons.setdefault(row["detail"], []).append(row["layer"])
    left = done.pop("left", 0)
    kept = type(new) is type(model)
    return {"done": done.total(), "left": left, "reasons": reasons, "kept": kept}


def _unknown(model: keras.Model) -> dict[str, int]:
    """Blocks that hold normalizers, and are called so, are none themselves."""
    named = [layer for layer in model._flatten_layers() if "Norm" in type(layer).__name__]
    whole = [m for m in named if not any(n is not m and n in named for n in m._flatten_layers())]
    return Counter(type(layer).__name__ for layer in whole if not is_normalizer(layer))


def _far(error: float, tolerance: float) -> str:
    return "" if error <= tolerance else f"outputs differ by {error:.1e}"


def _said(error: Exception) -> str:
    """The beginning: Keras adds the configs or values of what it could not make."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:SAID]


def _values(model: keras.Model) -> Counter[tuple[Any, bytes]]:
    """Of all weights, in no order: a block that is a model now has them in another."""
    return Counter((w.shape, w.tobytes()) for w in model.get_weights())


def _array(value: Any) -> np.ndarray:
    return keras.ops.convert_to_numpy(value)


def _arrays(structure: Any) -> list[np.ndarray]:
    """In float64, so that booleans can be subtracted too."""
    return [_array(leaf).astype("float64") for leaf in keras.tree.flatten(structure)]
