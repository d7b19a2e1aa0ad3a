"""Whether a model's moving statistics are those of the data."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from keras_norms.anatomy.data_batches import Batches
from keras_norms.anatomy.drift import Gap, gap, sentences
from keras_norms.anatomy.hidden import hidden_note
from keras_norms.anatomy.measure import measure
from keras_norms.anatomy.normalizers import never_called, normalizers, number_of_inputs
from keras_norms.anatomy.report import HIDDEN, NEVER, Report
from keras_norms.surgery.compiled import inmost
from keras_norms.surgery.recalibrate import assign_statistics

Statistics = dict[str, tuple[Any, Any, Any]]


def audit(
    model: keras.Model,
    data: Any,
    *,
    batches: int | None = None,
    batch_size: int = 32,
    validation: Any = None,
    verbose: bool = True,
) -> Report:
    """How far each normalizer's moving statistics are off, and what that costs.

    For each channel, with the true statistics of the data as `recalibrate` takes them:

        mean gap  = |moving_mean - mean| / sqrt(variance + epsilon)
        log ratio = log(sqrt(moving_variance + epsilon) / sqrt(variance + epsilon))

    The report has a row for each normalizer: the root mean square and the largest mean gap over
    its channels, the mean and the farthest log ratio, and whether the layer is far off: a mean
    gap above 0.25, or log ratios of a root mean square above log(1.25). A sentence below the table
    says so, and the share of initial values that remain where few steps are the reason.

    If the model is compiled and labels are there, a further row for each of loss and metrics says
    what `evaluate` gives now and what it would give after `recalibrate(model, data)`. The frozen
    normalizers, which that leaves alone, are measured as well.

    What happens inside a compiled loop, as in the cell of a recurrent layer, or in a part that is
    computed again cannot be seen on TensorFlow and JAX: the report names such layers as left.

    The model is afterwards as it was: no copy is made, so it may be one that cannot be copied.

    Args:
        model: any built model.
        data: as in `recalibrate`.
        batches: how many batches of it to take; all by default.
        batch_size: of arrays.
        validation: data with labels for loss and metrics; `data` itself by default, if it can be
            passed over again.
        verbose: whether to show a progress bar.

    Returns:
        A `Report`.

    Raises:
        ValueError: a wrong argument; a model that is not built; no batch.
    """
    layers = normalizers(model)
    source = Batches(data, batches, batch_size, number_of_inputs(model))
    report = Report(f"Audit of {model.name!r}")
    for path, layer in never_called(model).items():
        report.add(path, kind=type(layer).__name__, done=NEVER)
    if not layers:
        report.note("The model has no normalizer with moving statistics.")
        return report
    pooled, calls = measure(model, layers, source, verbose)
    unseen = {path: layer for path, layer in layers.items() if path not in pooled}
    for path, layer in unseen.items():
        report.add(path, kind=type(layer).__name__, done=HIDDEN)
    if unseen:
        report.note(hidden_note(unseen))
    layers = {path: layers[path] for path in pooled}
    found = {path: pooled[path].population() for path in layers}
    distances: dict[str, Gap] = {}
    for path, layer in layers.items():
        distance = distances[path] = gap(layer, *found[path])
        report.add(
            path,
            kind=type(layer).__name__,
            values=int(np.min(pooled[path].count)),
            **distance.columns,
            far=distance.far,
        )
        if calls[path] > 1:
            report.note(f"Layer {path!r} is called {calls[path]} times a batch, pooled here.")
    for said in sentences(distances, layers, _steps(model)):
        report.note(said)
    inputs = number_of_inputs(model)
    tested = source if validation is None else Batches(validation, None, batch_size, inputs)
    if not getattr(model, "compiled", False):
        report.note("Loss and metrics are not compared: the model is not compiled.")
    elif tested.once and validation is None:
        report.note(
            "Loss and metrics are not compared: `data` can be passed over only once. Pass labelled "
            "data that can be passed again as `validation`."
        )
    else:
        thawed = {path: values for path, values in found.items() if layers[path].trainable}
        _compare(model, tested, {layers[path]: thawed[path] for path in thawed}, report)
    return report


def _compare(model: keras.Model, data: Batches, found: dict, report: Report) -> None:
    """Rows of loss and metrics, as they are and as they would be."""
    before = _evaluated(model, data)
    if before is None:
        report.note("Loss and metrics are not compared: the data has no labels.")
        return
    variables = [v for layer in found for v in layer.variables if not v.trainable]
    values = [ops.copy(v.value) for v in variables]
    try:
        for layer, statistics in found.items():
            assign_statistics(layer, *statistics)
        after = _evaluated(model, data) or {}
    finally:
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
    for name, value in before.items():
        report.add(name, kind="evaluate", now=value, recalibrated=after[name])
        report.note(f"Recalibration would take {name} from {value:.4g} to {after[name]:.4g}.")


def _evaluated(model: keras.Model, data: Batches) -> dict[str, float] | None:
    """Loss and metrics; None without labels."""
    logs: dict[str, Any] = {}
    model.reset_metrics()
    # Batch by batch: `evaluate` wants all batches of a generator in the shapes of the first ones.
    model.__dict__["reset_metrics"] = lambda: None  # which each of them would do
    try:
        for x, y, weight in data:
            if y is None:
                return None
            logs = model.test_on_batch(x, y, weight, return_dict=True)
    finally:
        del model.__dict__["reset_metrics"]
    return {name: float(value) for name, value in logs.items()} or None


def _steps(model: keras.Model) -> int | None:
    """How many steps the model's optimizer has made."""
    optimizer = inmost(getattr(model, "optimizer", None))
    if optimizer is None:
        return None
    return int(ops.convert_to_numpy(optimizer.iterations.value)) or None
