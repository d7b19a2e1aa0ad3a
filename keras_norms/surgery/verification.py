"""Whether a copy computes what the original does: both run on one small batch, layer by layer."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_norms.anatomy.graph import core_of
from keras_norms.anatomy.normalizers import paths

EXAMPLES, UNKNOWN = 2, 64  # of a made batch: its size, and that of axes whose length is not known
COPY, FOLDED = 1e-4, 1e-3  # of the largest output: the same program, and one that rounds otherwise
HALF = 100.0  # times as much in half precision
SAMPLED = 4096  # values a layer that are kept for comparison

Record = list[tuple[str, list[np.ndarray]]]


class Different(ValueError):
    """A result that does not compute what it should."""


@dataclass
class Witness:
    """What a model computes on one batch, to hold a copy or a folded model against.

    Attributes:
        batch: the model's inputs.
        outputs: its outputs, flat.
        record: each layer's outputs (a sample of each), inner layers before those around them.
    """

    batch: Any
    outputs: list[np.ndarray]
    record: Record


def witness(model: keras.Model, check: Any) -> Witness | str:
    """The original on the user's batch, or on one made from its inputs' specs; or why not.

    Args:
        model: built.
        check: True for a made batch, False for none, else the model's inputs.
    """
    if check is False:
        return "The result was not compared with the original, as check=False asks."
    batch = _made(model) if check is True else check
    if isinstance(batch, str):
        return batch
    try:
        outputs, record = _run(model, batch)
    except Exception as error:
        if check is not True:
            raise
        return (
            f"The result was not compared with the original, which does not run on a batch made "
            f"from the shapes of its inputs ({type(error).__name__}). Pass examples as `check`."
        )
    if not any(np.isfinite(y).any() for y in outputs if y.dtype.kind == "f"):
        return (
            "The result was not compared with the original, none of whose outputs is finite on a "
            "batch of random numbers. Pass examples as `check`."
        )
    return Witness(batch, outputs, record)


def require_same(model: keras.Model, new: keras.Model, seen: Witness) -> None:
    """For an untouched copy.

    Raises:
        Different: it names the first layer whose outputs differ.
    """
    try:
        outputs, record = _run(new, seen.batch)
    except Exception as error:
        raise Different(
            f"The copy of {model.name!r} does not run on the inputs that the original takes "
            f"({type(error).__name__}: {error}). check=False returns it as it is."
        ) from error
    for (path, expected), (_, found) in zip(seen.record, record, strict=False):
        if not _agree(expected, found, COPY):
            raise Different(
                f"Layer {path!r} of {model.name!r}, copied, computes something else than the "
                "original: its config does not say all that it is, or build() draws what is no "
                "weight. Return all arguments of its constructor from get_config(), and keep what "
                "build() draws in add_weight(..., trainable=False). check=False copies it as it is."
            )
    if len(record) != len(seen.record) or not _agree(seen.outputs, outputs, COPY):
        raise Different(
            f"The copy of {model.name!r} ({type(model).__name__}) computes something else than the "
            "original, though its layers do not: look at what its call() does between them. "
            "check=False returns it as it is."
        )


def require_same_outputs(model: keras.Model, new: keras.Model, seen: Witness) -> None:
    """For a folded model.

    Raises:
        Different: it names the layer behind which the outputs begin to differ.
    """
    outputs, record = _run(new, seen.batch)
    if _agree(seen.outputs, outputs, FOLDED):
        return
    known = dict(record)
    same = [path for path, y in seen.record if path in known and _agree(y, known[path], FOLDED)]
    where = f"behind layer {same[-1]!r}" if same else "from its first layer on"
    raise Different(
        f"The folded {model.name!r} computes other outputs than the original, {where}. It is not "
        "returned. check=False returns it all the same."
    )


def _made(model: keras.Model) -> Any:
    """Random inputs of the shapes and types that a model takes, or why there are none."""
    try:
        specs = core_of(model)._inputs_struct
    except ValueError:
        return (
            "The result was not compared with the original: the shapes of its inputs are not known "
            "before it is called. Pass examples as `check`."
        )
    draw = np.random.default_rng(0)
    for spec in keras.tree.flatten(specs):
        if "float" not in spec.dtype or getattr(spec, "sparse", False):
            return (
                f"The result was not compared with the original: input {spec.name!r} takes "
                f"{spec.dtype}, of which not every value is valid. Pass examples as `check`."
            )

    def drawn(spec: Any) -> Any:
        shape = [EXAMPLES, *(UNKNOWN if size is None else size for size in spec.shape[1:])]
        return ops.convert_to_tensor(draw.normal(size=shape).astype("float32"), spec.dtype)

    return keras.tree.map_structure(drawn, specs)


def _run(model: keras.Model, batch: Any) -> tuple[list[np.ndarray], Record]:
    """One pass at inference, after which the model's variables are as they were.

    Not with `training` left open: layers of Keras that would train then, such as Resizing, hand
    that on to all layers after them.
    """
    given = {"training": False} if model._call_has_training_arg else {}
    variables = [v for v in model.variables if not v.trainable]
    values = [ops.copy(v.value) for v in variables]
    record: Record = []
    try:
        with _overheard(model, record):
            outputs = model(batch, **given)
    finally:
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
    return _arrays(outputs), record


@contextmanager
def _overheard(model: keras.Model, record: Record) -> Iterator[None]:
    """Until the end, each layer's outputs are noted when it has been called.

    Layers that draw noise in training do not draw it: torch draws from a state that all share.
    """
    layers = [(path, layer) for path, layer in paths(model) if "call" not in layer.__dict__]

    def noting(path: str, usual: Any, noisy: bool) -> Any:
        @functools.wraps(usual)
        def call(*args: Any, **kwargs: Any) -> Any:
            if noisy and "training" in kwargs:
                kwargs["training"] = False
            outputs = usual(*args, **kwargs)
            samples = [y.reshape(-1)[:: max(1, y.size // SAMPLED)] for y in _arrays(outputs)]
            record.append((path, [np.array(y) for y in samples]))
            return outputs

        return call

    for path, layer in layers:
        layer.__dict__["call"] = noting(path, layer.call, bool(layer._seed_generators))
    try:
        yield
    finally:
        for _, layer in layers:
            del layer.__dict__["call"]


def _arrays(structure: Any) -> list[np.ndarray]:
    """The numbers in a structure of tensors; what is being traced or holds no numbers is left."""
    arrays = []
    for leaf in keras.tree.flatten(structure):
        try:
            half = ops.is_tensor(leaf) and leaf.dtype in ("bfloat16", "float16")
            y = ops.convert_to_numpy(ops.cast(leaf, "float32") if half else leaf)
        except Exception:  # a tracer of JAX, a symbolic tensor of a loop, a ragged one
            continue
        if y.dtype.kind in "fiub":
            arrays.append(y.astype("float16") if half else y)
    return arrays


def _agree(expected: list[np.ndarray], found: list[np.ndarray], tolerance: float) -> bool:
    return len(expected) == len(found) and all(
        _close(x, y, tolerance) for x, y in zip(expected, found, strict=True)
    )


def _close(expected: np.ndarray, found: np.ndarray, tolerance: float) -> bool:
    if expected.shape != found.shape:
        return False
    half = expected.dtype == "float16" or found.dtype == "float16"
    x, y = expected.astype("float64"), found.astype("float64")
    size = np.abs(x[np.isfinite(x)]).max(initial=0.0)
    allowed = tolerance * size * (HALF if half else 1.0)
    return bool(np.allclose(y, x, rtol=0, atol=allowed + 1e-12, equal_nan=True))
