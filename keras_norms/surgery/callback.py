"""Validation by true statistics, inside `fit`."""

from __future__ import annotations

import warnings
from typing import Any

import keras
from keras import ops

from keras_norms.anatomy.data_batches import Batches
from keras_norms.anatomy.hidden import hidden_note
from keras_norms.anatomy.measure import Measurement
from keras_norms.anatomy.normalizers import normalizers, number_of_inputs
from keras_norms.surgery.recalibrate import assign_statistics, checked_estimator


class RecalibrateBeforeValidation(keras.callbacks.Callback):
    """Each validation by the statistics of the data, as after `recalibrate(model, data)`.

    A callback of `fit` and `evaluate`. Before a validation the normalizers' moving statistics
    become those that one pass over `data` gives; after it they are again what training had made
    of them, so that training goes on as if nothing had been. Validation then says how good the
    weights are, not how far the moving averages lag behind them. What is saved by a checkpoint
    has the averages of training: call `recalibrate` on it. Interrupted during a validation, the
    model keeps the recalibrated ones until this callback begins its next `fit`.

    The model is left as it is but for that: weights, optimizer, seeds. The pass is compiled once.
    It costs a forward pass over `data` for each validation; some 10^3 examples are enough.
    Statistics that are not finite, of a training that diverged, are used as they are.

    Args:
        data: as in `recalibrate`, and such that it can be passed over for each validation; best
            the training data.
        batches: how many batches to take; all by default.
        batch_size: of arrays; that of training is best.
        estimator: as in `recalibrate`.

    Warns:
        UserWarning: once, of normalizers inside a compiled loop, whose statistics cannot be taken
            on TensorFlow and JAX and stay those of training.

    Raises:
        ValueError: a wrong argument; data that can be passed over only once.

    Reference: Wu & Johnson 2021, arXiv 2105.07576, Section 3 (PreciseBN).
    """

    def __init__(
        self,
        data: Any,
        *,
        batches: int | None = None,
        batch_size: int = 32,
        estimator: str = "population",
    ) -> None:
        super().__init__()
        self._data = (data, batches, batch_size)
        if Batches(*self._data).once:
            raise ValueError(
                f"Argument `data` ({type(data).__name__}) can be passed over only once, and each "
                "validation needs it. Pass arrays, a data set or a list of batches."
            )
        self._estimator = checked_estimator(estimator)
        self._measured: tuple[Any, Any] = (None, None)
        self._warned = False
        self._kept: list[tuple[keras.Variable, Any]] = []

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        self.on_test_end()  # what an interruption has left undone

    def on_test_begin(self, logs: dict[str, float] | None = None) -> None:
        model: Any = self.model
        layers = {path: layer for path, layer in normalizers(model).items() if layer.trainable}
        if not layers:
            return
        source = Batches(*self._data, number_of_inputs(model))
        pooled, _ = self._measurement(model, layers).over(source)
        memory = [v for layer in layers.values() for v in layer.variables if not v.trainable]
        self._kept = [(variable, ops.copy(variable.value)) for variable in memory]
        unseen = [path for path in layers if path not in pooled]
        if unseen and not self._warned:
            self._warned = True
            warnings.warn(f"RecalibrateBeforeValidation: {hidden_note(unseen)}", stacklevel=2)
        for path, statistics in pooled.items():
            assign_statistics(layers[path], *getattr(statistics, self._estimator)())

    def on_test_end(self, logs: dict[str, float] | None = None) -> None:
        for variable, value in self._kept:
            variable.assign(value)
        self._kept = []

    def _measurement(
        self, model: keras.Model, layers: dict[str, keras.layers.Layer]
    ) -> Measurement:
        """The one of last time, if it is of the same layers."""
        key = (model, layers)
        if self._measured[0] != key:
            self._measured = (key, Measurement(model, layers))
        return self._measured[1]
