"""True statistics for the normalizers of a finished model (Wu & Johnson 2021)."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from keras_norms.anatomy.data_batches import Batches
from keras_norms.anatomy.drift import gap
from keras_norms.anatomy.graph import is_graph, keeps_class
from keras_norms.anatomy.hidden import hidden_note
from keras_norms.anatomy.measure import measure
from keras_norms.anatomy.normalizers import (
    never_called,
    normalizers,
    number_of_inputs,
    paths,
    remembered,
    require_built,
)
from keras_norms.anatomy.pooled import Pooled
from keras_norms.anatomy.report import HIDDEN, NEVER, Report
from keras_norms.surgery.compiled import compiled_like
from keras_norms.surgery.copying import NoCopy, copied
from keras_norms.surgery.rebuild import Copy, checked_copy
from keras_norms.surgery.state import copied_state
from keras_norms.surgery.verification import EXAMPLES, Witness, require_same, witness

ESTIMATORS = ("population", "batch_mean")


def recalibrate(
    model: keras.Model,
    data: Any,
    *,
    batches: int | None = None,
    batch_size: int = 32,
    estimator: str = "population",
    verbose: bool = True,
    in_place: bool = False,
    check: Any = True,
) -> tuple[keras.Model, Report]:
    """A copy of `model` whose moving statistics are those of the data, as PreciseBN computes them.

    With batches k of n_k values a channel, means m_k and variances v_k, and N = sum of n_k:

        population:  mean = sum(n_k m_k) / N,  variance = sum(n_k (v_k + (m_k - mean)^2)) / N
        batch_mean:  mean = average of m_k,    variance = average of v_k

    the first exact for batches of any size, merged in float64 (Chan et al. 1983). Layers with
    `unbiased=True` take N / (N - 1) times the variance, or n_k / (n_k - 1) times each v_k. An
    instance normalization with moving statistics takes the average of its examples' m and v.

    All layers are measured in one pass over the data. In it each normalizer works as in training,
    by the statistics of the batch, so that a deep one sees inputs that are normalized right even
    where the moving statistics before it are wrong. What it sees then depends on the batches, as
    in training: take the batch size of training. Every other layer runs as in inference: nothing
    is dropped out, since the statistics are for inference.

    Frozen normalizers (`trainable=False`) are left as they are, and normalize by what they
    remember. With momentum=None the count of batches becomes that of the data; a debiased average
    weighs as much as after many batches. A compiled model's copy is compiled in the same way, with
    the same state of the optimizer.

    Args:
        model: any built model whose layers can be made again from their configs; with `in_place`
            any built model.
        data: arrays x, `(x, y)` or `(x, y, sample_weight)`; or a `tf.data.Dataset`, a torch
            DataLoader, a PyDataset, a generator or an iterable of batches of these. Only x is
            read. Some 10^3 to 10^4 examples are enough.
        batches: how many batches to take; all by default.
        batch_size: of arrays.
        estimator: "population" or "batch_mean".
        verbose: whether to show a progress bar.
        in_place: whether `model` itself gets the statistics and is returned, so that nothing is
            copied.
        check: whether the copy is compared with the original, on a few examples of `data`.

    Returns:
        The new model (or `model`, where it has nothing to recalibrate); and a `Report` with a row
        for each normalizer: the values a channel, how far its old statistics were off (as in
        `audit`) and what was done.

    Raises:
        ValueError: a layer that cannot be made again from its config, or is then another one, or
            whose statistics are not finite; all by name. A wrong argument; no batch.

    Reference: Wu & Johnson 2021, arXiv 2105.07576, Section 3 (PreciseBN).
    """
    estimator = checked_estimator(estimator)
    require_built(model)
    source = Batches(data, batches, batch_size, number_of_inputs(model))
    report = Report(f"Recalibrated {model.name!r} ({estimator})")
    for path, layer in never_called(model).items():
        report.add(path, kind=type(layer).__name__, done=NEVER)
    if not normalizers(model):
        report.note("The model has no normalizer with moving statistics: it is returned itself.")
        return model, report
    if in_place:
        new = model
    else:
        new = copy_of(model, check, source, report)
        compiled_like(model, new, report)
    layers = normalizers(new)
    thawed = {path: layer for path, layer in layers.items() if layer.trainable}
    pooled, calls = {}, {}
    if thawed:
        pooled, calls = measure(new, thawed, source, verbose)
        if unseen := [path for path in thawed if path not in pooled]:
            report.note(hidden_note(unseen))
            thawed = {path: layers[path] for path in pooled}
    found = {path: getattr(pooled[path], estimator)() for path in thawed}
    for path, statistics in found.items():
        _require_finite(path, *statistics)
    for path, layer in layers.items():
        kind = type(layer).__name__
        if path not in thawed:
            report.add(path, kind=kind, done=HIDDEN if layer.trainable else "nothing: frozen")
            continue
        _describe(report, path, layer, pooled[path], calls[path], *found[path])
        assign_statistics(layer, *found[path])
        if getattr(layer, "momentum", 0) is None:
            layer.count.assign(ops.cast(pooled[path].batches, layer.count.dtype))
    if not all(layer.trainable for layer in layers.values()):
        report.note("Frozen layers keep their statistics: unfreeze() them first to change that.")
    return new, report


def checked_estimator(estimator: str) -> str:
    if estimator not in ESTIMATORS:
        raise ValueError(
            f"Argument `estimator` must be one of {', '.join(map(repr, ESTIMATORS))}. "
            f"Received: estimator={estimator!r}"
        )
    return estimator


def copy_of(model: keras.Model, check: Any, source: Batches, report: Report) -> keras.Model:
    """A model of new layers with the same state.

    Raises:
        ValueError: a layer, named, cannot be made again, or is then another one.
    """
    first = source.first() if check is True or not is_graph(model) else None
    example = None if first is None else keras.tree.map_structure(lambda x: x[:EXAMPLES], first)
    if check is True and example is not None:
        check = example
    if is_graph(model) and keeps_class(model):
        # Layer by layer, so that their classes need not be registered.
        return _noted(checked_copy(model, check), report)
    try:
        new = copied(model)
    except NoCopy:
        if not is_graph(model):
            raise
        return _noted(checked_copy(model, check), report)
    _build(new, model, example)
    copied_state(model, new)
    if isinstance(seen := witness(model, check), Witness):
        require_same(model, new, seen)
    else:
        report.note(seen)
    return new


def _noted(copy: Copy, report: Report) -> keras.Model:
    for sentence in copy.notes:
        report.note(sentence)
    return copy.model


def _build(new: keras.Model, old: keras.Model, example: Any) -> None:
    """Build what is built in the original, as loading a file does, or by a call."""

    def lacking() -> bool:
        built = {path for path, layer in paths(old) if layer.built}
        return not built <= {path for path, layer in paths(new) if layer.built}

    if not lacking():
        return
    try:
        new.build_from_config(old.get_build_config() or {})
    except Exception:  # a call may still do, where inputs are dicts or lists
        if example is None:
            raise
    if lacking() and example is not None:
        new(example)


def _require_finite(path: str, mean: np.ndarray, variance: np.ndarray, known: Any) -> None:
    if not np.isfinite(np.where(known, mean + variance, 0.0)).all():
        raise ValueError(
            f"The statistics of layer {path!r} are not finite: there is a NaN or an infinity in "
            "`data`, or the model makes one of it. Clean the data, or look at the layers before."
        )


def _describe(
    report: Report,
    path: str,
    layer: keras.layers.Layer,
    pooled: Pooled,
    calls: int,
    mean: np.ndarray,
    variance: np.ndarray,
    known: Any,
) -> None:
    """The row of one layer, before it changes."""
    done = (
        "recalibrated" if np.all(known) else "recalibrated in part" if np.any(known) else "nothing"
    )
    report.add(
        path,
        kind=type(layer).__name__,
        values=int(np.min(pooled.count)),
        **gap(layer, mean, variance, known).columns,
        done=done,
    )
    if not np.all(known):
        report.note(f"Layer {path!r}: channels that saw no batch of values keep their statistics.")
    if calls > 1:
        report.note(
            f"Layer {path!r} is called {calls} times a batch: its statistics are those of all its "
            "uses together. Where these differ, give each use a layer of its own."
        )


def assign_statistics(
    layer: keras.layers.Layer, mean: np.ndarray, variance: np.ndarray, known: Any
) -> None:
    """Give a normalizer new moving statistics, where they are known."""
    new = {f"moving_{s}": {"mean": mean, "variance": variance}[s] for s in remembered(layer)}
    if getattr(layer, "renorm", False):
        new["moving_stddev"] = np.sqrt(variance + layer.epsilon)
    if getattr(layer, "seen", None) is not None:
        new["seen"] = np.ones(layer.seen.shape)
    for name, values in new.items():
        variable = getattr(layer, name)
        old = np.asarray(ops.convert_to_numpy(variable.value), np.float64)
        variable.assign(ops.cast(np.where(known, values, old), variable.dtype))
