"""Losses of a model's outputs, and their second derivative there."""

from __future__ import annotations

from typing import Any, Protocol

import keras
import numpy as np
from keras import ops

Tensor = Any


class Loss(Protocol):
    """A mean over all positions of the outputs, shape (..., classes), but the last axis."""

    def value(self, outputs: Tensor) -> Tensor:
        """The loss."""

    def bend(self, outputs: Tensor, tangent: Tensor) -> Tensor:
        """Its Hessian in the outputs, times a change of them."""


class CrossEntropy:
    """`-sum(y log p)`, with `p = softmax(outputs)`, or the outputs themselves.

    In the logits the Hessian of one position is `diag(p) - p p^T`, whatever the label. In the
    probabilities `diag(1 / p)` stands for it, which gives the same Fisher matrix once it is
    multiplied by the softmax's own Jacobian from both sides.

    Args:
        labels: whole numbers of shape `shape[:-1]`, or weights of the classes of shape `shape`.
        shape: of the outputs.
    """

    def __init__(self, labels: Any, shape: tuple[int, ...], from_logits: bool) -> None:
        if shape[-1] < 2:
            raise ValueError(
                f"A model with outputs of shape {shape} has one value for each example, which "
                "loss='crossentropy' cannot compare; give it an output for each of two classes, "
                "or write loss='mean_squared_error'."
            )
        labels = np.asarray(labels)
        if labels.shape == (*shape[:-1], 1):
            labels = labels[..., 0]
        if labels.shape == shape[:-1]:
            whole = np.issubdtype(labels.dtype, np.integer) or np.all(labels == np.floor(labels))
            if not whole or labels.min() < 0 or labels.max() >= shape[-1]:
                raise ValueError(
                    f"Argument `y` must hold class numbers from 0 to {shape[-1] - 1}. Received "
                    f"values from {labels.min()} to {labels.max()}"
                )
            labels = np.eye(shape[-1])[labels.astype(int)]
        self.labels = ops.convert_to_tensor(_of_shape(labels, shape), "float32")
        self.from_logits = from_logits

    def value(self, outputs: Tensor) -> Tensor:
        log = ops.log_softmax(outputs) if self.from_logits else ops.log(_positive(outputs))
        return -ops.sum(ops.cast(self.labels, log.dtype) * log) / _positions(outputs)

    def bend(self, outputs: Tensor, tangent: Tensor) -> Tensor:
        if not self.from_logits:
            return tangent / _positive(outputs) / _positions(outputs)
        p = ops.softmax(outputs)
        return p * (tangent - ops.sum(p * tangent, axis=-1, keepdims=True)) / _positions(outputs)


class SquaredError:
    """The mean over the last axis too of `(outputs - y)^2`, as Keras has it."""

    def __init__(self, targets: Any, shape: tuple[int, ...], from_logits: bool) -> None:
        self.targets = ops.convert_to_tensor(_of_shape(np.asarray(targets), shape), "float32")

    def value(self, outputs: Tensor) -> Tensor:
        error = outputs - ops.cast(self.targets, outputs.dtype)
        return ops.sum(error * error) / (_positions(outputs) * outputs.shape[-1])

    def bend(self, outputs: Tensor, tangent: Tensor) -> Tensor:
        return 2 * tangent / (_positions(outputs) * outputs.shape[-1])


LOSSES = {"crossentropy": CrossEntropy, "mean_squared_error": SquaredError}


def _of_shape(y: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    if y.shape != shape:
        raise ValueError(
            f"Argument `y` must fit the model's outputs of shape {shape}. Received shape {y.shape}"
        )
    return y


def _positions(outputs: Tensor) -> int:
    return int(np.prod(outputs.shape[:-1]))


def _positive(probabilities: Tensor) -> Tensor:
    return ops.maximum(probabilities, keras.config.epsilon())
