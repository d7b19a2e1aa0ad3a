"""A log of what each normalizer does to a model while it trains."""

from __future__ import annotations

import numbers
import os
import sys
import warnings
from collections.abc import Callable
from typing import Any

import keras

from keras_norms.anatomy.data_batches import Batches
from keras_norms.anatomy.hidden import WHERE, hidden
from keras_norms.anatomy.normalizers import named
from keras_norms.anatomy.report import Report
from keras_norms.anatomy.selection import is_normalizer
from keras_norms.probes.history import plot, wide
from keras_norms.probes.listening import INPUTS
from keras_norms.probes.program import Program
from keras_norms.probes.quantities import kernels_before, quantities
from keras_norms.probes.sinks import CSV, Function, TensorBoard


class NormMonitor(keras.callbacks.Callback):
    """Logs what goes into each normalizer and what comes out, on one batch, while `fit` runs.

    A probe passes the batch through the model, forward and, with labels, backward. In it the
    normalizers work as in training, by the statistics of the batch, and everything else as in
    inference, so that nothing is dropped out. Training's own step is not touched, and nothing
    changes: no weight, moving average, seed, metric or state of the optimizer.

    Of each normalizer, ours and Keras's, wherever in the model it is, pooled over its calls:

        input mean, input deviation     of all visible values that it takes
        output mean, output deviation   of all visible values that it gives
        gamma mean, gamma min, gamma max
        gamma gradient, beta gradient   norms of the gradient of the loss
        kernel gradient                 of the linear layer directly before, in functional and
                                        Sequential models
        mean gap, worst, log ratio, worst ratio    the distance of the batch's statistics to the
                                        moving ones, in the batch's deviations, as in `audit`

    and of the model, by its name, `loss` and `gradient`, the norm over all trainable variables.
    The loss is `model.compute_loss`, with regularization.

    `report` holds everything: `monitor.report.frame()` has the columns epoch (epochs completed),
    step (batches trained since this object began), layer, quantity and value. `wide()` has a column
    for each quantity, and `plot("input mean", "gamma mean")` draws them.

    What happens inside a compiled loop, as in the cell of a recurrent layer or in `ops.map`, or in
    a part of the model that is computed again in the backward pass, cannot be seen on TensorFlow
    and JAX: such layers are named in a warning and left out.

    Args:
        data: the batch: x, `(x, y)` or `(x, y, sample_weight)` of arrays; or a data set or any
            iterable of batches, whose first is taken. Small: some 10^2 examples. Without y no
            loss and no gradients are logged.
        every: `"epoch"` for a probe at the end of each epoch, or a number of batches; the first
            is always before training, if the model is built by then.
        csv: a file to write the same table to, anew.
        tensorboard: a folder for event files. On TensorFlow they need nothing more; elsewhere
            tensorboardX or TensorBoard must be installed.
        sink: a function of a dict from "layer/quantity" to value and of the step, called at each
            probe: `wandb.log`, `mlflow.log_metrics` or your own.

    Warns:
        UserWarning: once for each normalizer that the model does not call, or that cannot be seen,
            which has no rows.

    Raises:
        ValueError: a wrong argument.
        ImportError: `tensorboard` is given, and nothing that writes event files is installed.
    """

    def __init__(
        self,
        data: Any,
        *,
        every: str | int = "epoch",
        csv: str | os.PathLike | None = None,
        tensorboard: str | os.PathLike | None = None,
        sink: Callable[[dict[str, float], int], Any] | None = None,
    ) -> None:
        super().__init__()
        whole = isinstance(every, numbers.Integral) and not isinstance(every, bool)
        if not (whole and int(every) > 0) and every != "epoch":
            raise ValueError(
                "Argument `every` must be 'epoch' or a number of batches of at least 1. "
                f"Received: every={every!r}"
            )
        batch = next(iter(Batches(data, 1, batch_size=sys.maxsize)), None)
        if batch is None:
            raise ValueError("Argument `data` gave no batch. Pass arrays x or (x, y).")
        self._batch = batch
        self.every = every
        self.report = Report("Normalizers in training")
        sinks: list[tuple[Any, Any]] = [(CSV, csv), (TensorBoard, tensorboard), (Function, sink)]
        self._sinks = [kind(place) for kind, place in sinks if place is not None]
        self._program: tuple[Any, Any] = (None, None)
        self._unreached: set[str] = set()
        self._hidden: set[str] = set()
        self._epoch = 0
        self._step = self._step_at_epoch = 0
        self._probed: int | None = None

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        model: Any = self.model
        if self._probed is None and model.built:
            self._probe()

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._epoch, self._step_at_epoch = epoch, self._step

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        # Not one more: `steps_per_execution` batches end at a time.
        self._step = self._step_at_epoch + batch + 1
        if self.every != "epoch" and self._step - (self._probed or 0) >= int(self.every):
            self._probe()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._epoch = epoch + 1
        if self.every == "epoch":
            self._probe()

    def _probe(self) -> None:
        # Once: on JAX this property fetches the state of training from the running step.
        model: Any = self.model
        layers = named(model, is_normalizer)
        layers = {path: layer for path, layer in layers.items() if path not in self._hidden}
        try:
            seen = self._program_of(model, layers)()
        except Exception:
            forward = (self._batch[0], None, None)
            unseen = hidden(layers, lambda some: Program(model, some, forward)())
            if not unseen:
                raise
            self._hidden.update(unseen)
            warnings.warn(
                f"NormMonitor cannot see {', '.join(map(repr, unseen))}: the model calls them "
                f"{WHERE}. They have no rows.",
                stacklevel=2,
            )
            layers = {path: layer for path, layer in layers.items() if path not in unseen}
            seen = self._program_of(model, layers)()
        self._probed = self._step
        reached = {path: layer for path, layer in layers.items() if seen.heard[path][INPUTS]}
        self._warn([path for path in layers if path not in reached])
        kernels = kernels_before(model) if seen.gradients else {}
        rows = []
        for path, layer in reached.items():
            before = kernels.get(id(layer), [])
            found = quantities(layer, seen.heard[path], seen.gradients, before)
            rows += self._rows(path, found)
        rows += self._rows(model.name, seen.of_model)
        for row in rows:
            self.report.add(**row)
        for sink in self._sinks:
            sink.write(rows)

    def wide(self) -> Any:
        """The report as a `pandas.DataFrame`: a row a step and layer, a column a quantity."""
        return wide(self.report.rows)

    def plot(self, *quantities: str) -> Any:
        """A `matplotlib` figure of the quantities by step, a line a layer."""
        return plot(self.report.rows, quantities)

    def _program_of(self, model: keras.Model, layers: dict[str, keras.layers.Layer]) -> Program:
        """The one of last time, if the same is trained."""
        trained = [id(variable) for variable in model.trainable_variables]
        key = (model, layers, trained, [layer.trainable for layer in layers.values()])
        if self._program[0] != key:
            self._program = (key, Program(model, layers, self._batch))
        return self._program[1]

    def _rows(self, layer: str, found: dict[str, float]) -> list[dict[str, Any]]:
        at = {"epoch": self._epoch, "step": self._step, "layer": layer}
        return [{**at, "quantity": name, "value": value} for name, value in found.items()]

    def _warn(self, paths: list[str]) -> None:
        new = [path for path in paths if path not in self._unreached]
        self._unreached.update(new)
        if new:
            warnings.warn(
                f"NormMonitor has nothing to log of {', '.join(map(repr, new))}: the model does "
                "not call them as layers at inference.",
                stacklevel=2,
            )
