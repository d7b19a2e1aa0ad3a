"""One batch forward and backward, and nothing changed by it."""

from __future__ import annotations

import importlib
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops, tree

from keras_norms.probes.listening import Listening

Tensor = Any


class Seen(NamedTuple):
    """What one pass showed.

    Attributes:
        heard: what `Listening.take` gives, as NumPy.
        loss: None without labels.
        gradients: the norm of the loss's gradient for each trainable variable, by its `id`.
    """

    heard: dict[str, dict[str, list[tuple[np.ndarray, ...]]]]
    loss: float | None
    gradients: dict[int, float]

    @property
    def of_model(self) -> dict[str, float]:
        """The loss, and the norm of its whole gradient."""
        if self.loss is None:
            return {}
        return {"loss": self.loss, "gradient": math.hypot(*self.gradients.values())}


class Program:
    """A model's loss on one batch, with its gradients, compiled once.

    The pass is a pure function of the values of the model's variables: nothing that it assigns
    (moving averages, seeds, metrics) stays. Normalizers work as in training, by the statistics of
    the batch, everything else as in inference, so that nothing is dropped out.

    Args:
        model: built; compiled where there are labels.
        layers: the normalizers to listen to, by path.
        batch: x, y and sample weights; y and the weights may be None.
    """

    def __init__(
        self,
        model: keras.Model,
        layers: Mapping[str, keras.layers.Layer],
        batch: tuple[Any, Any, Any],
    ) -> None:
        self._model = model
        self._listening = Listening(layers)
        self._batch = tree.map_structure(
            lambda leaf: None if leaf is None else ops.convert_to_tensor(leaf), batch
        )
        self._trainable = list(model.trainable_variables)
        self._fixed = list(model.non_trainable_variables)
        # Each backend's file imports its framework, so only the running one may be loaded.
        backend = importlib.import_module(f"keras_norms.probes.{keras.config.backend()}")
        self._run = backend.compiled(
            self._pure, differentiate=batch[1] is not None and bool(self._trainable)
        )

    def __call__(self) -> Seen:
        values: Any = [
            [ops.convert_to_tensor(v.value) for v in variables]
            for variables in (self._trainable, self._fixed)
        ]
        optimizer = getattr(self._model, "optimizer", None)
        # In half precision small gradients are kept above zero by scaling the loss.
        scale = 1.0 if optimizer is None else float(array(optimizer.scale_loss(ops.ones(()))))
        with self._listening.on():
            found: Any = self._run(*values, ops.convert_to_tensor(scale), *self._batch)
        loss, heard, gradients = found
        arrays: Any = tree.map_structure(array, heard)
        return Seen(
            arrays,
            None if loss is None else float(array(loss)) / scale,
            {
                id(variable): _norm(gradient) / scale
                for variable, gradient in zip(self._trainable, gradients, strict=False)
            },
        )

    def _pure(
        self,
        trainable: list[Tensor],
        fixed: list[Tensor],
        scale: Tensor,
        x: Any,
        y: Any,
        weight: Any,
    ) -> tuple[Tensor | None, Any]:
        mapping = zip([*self._trainable, *self._fixed], [*trainable, *fixed], strict=True)
        with keras.StatelessScope(list(mapping), collect_losses=True):
            outputs = self._model(x, training=False)
            heard = self._listening.take()
            if y is None:
                return None, heard
            loss: Any = self._model.compute_loss(
                x=x, y=y, y_pred=outputs, sample_weight=weight, training=True
            )
        return loss * ops.cast(scale, loss.dtype), heard


def array(tensor: Tensor) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(tensor))


def _norm(gradient: Tensor | None) -> float:
    """Zero where the loss does not depend on the variable."""
    if gradient is None:
        return 0.0
    return float(array(ops.sqrt(ops.sum(ops.square(ops.cast(gradient, "float32"))))))
