"""Data-dependent initialization (Salimans & Kingma 2016, Section 3)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import keras
from keras import ops

from keras_norms.kernels import at_least, moments
from keras_norms.kernels.keras_internals import AutocastScope
from keras_norms.kernels.native import native
from keras_norms.weights.base import Reparameterization, Tensor

# The layers that the running `initialize_from_data` has seen, in order; None where none runs.
_initialized: ContextVar[list[keras.layers.Layer] | None] = ContextVar("initialized", default=None)


def initialize_from_data(model: Any, batch: Any, training: bool = True) -> list[str]:
    """Set gains and biases of every `WeightNormalization` of a model from one batch.

    One pass through the model: each layer in turn, seeing what the initialized layers before it put
    out, computes `t = v . x / ||v||` and sets, a unit, with mean and deviation of `t` over the
    batch (and all positions of a convolution):

        g <- 1 / std,  b <- -mean / std

    so that its outputs have mean 0 and variance 1, before an activation of its own. Other layers
    stay as they are. A layer without bias keeps its mean; a unit that is constant over the batch
    keeps its gain; a layer called several times is initialized at its first call. A depthwise
    kernel that a pointwise one follows keeps its gains.

    Args:
        model: model or layer, built or not; called as `model(batch, training=training)`.
        batch: inputs as the model takes them, at least a few hundred examples for exact moments.
        training: whether the pass is one of training, as in the authors' code: with dropout, and
            with batch statistics, which layers that remember them then remember.

    Returns:
        Names of the initialized layers, in the order of the pass.

    Raises:
        ValueError: the model has no `WeightNormalization`, or one whose wrapped layer has no single
            channel axis (`EinsumDense`) or is recurrent; the model is called inside a graph.
    """
    if not getattr(model, "built", True):
        model(batch, training=False)
    seen: list[keras.layers.Layer] = []
    with _initializing(seen):
        model(batch, training=training)
    if not seen:
        raise ValueError(
            f"Argument `model` ({getattr(model, 'name', model)!r}) called no WeightNormalization "
            "layer. Wrap its linear layers first, as the scheme 'weight' does."
        )
    return [layer.name for layer in seen]


@contextmanager
def _initializing(seen: list[keras.layers.Layer]) -> Iterator[None]:
    token = _initialized.set(seen)
    try:
        yield
    finally:
        _initialized.reset(token)


class DataInitialized(Reparameterization):
    """A reparameterization with `gains` that `initialize_from_data` can set."""

    gains: Any  # by the attribute of the kernel

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        seen = _initialized.get()
        if seen is not None and not self.merged and not any(layer is self for layer in seen):
            self._initialize(inputs)
            seen.append(self)
        return super().call(inputs, training=training)

    def _initialize(self, inputs: Tensor) -> None:
        layer = self.layer
        if isinstance(layer, (keras.layers.EinsumDense, keras.layers.RNN)):
            raise ValueError(
                f"Layer {self.name!r} wraps {type(layer).__name__}, whose outputs are not one "
                "number a gain: its gains cannot be set from data. Use Dense, or leave it out."
            )
        gain = list(self.gains.values())[-1]
        if not native.is_eager(inputs):
            raise ValueError(
                "initialize_from_data needs values: call it outside of tf.function and jax.jit."
            )
        self._set(gain, ops.ones(gain.shape))
        if layer.use_bias:
            self._set(layer.bias, ops.zeros(layer.bias.shape))
        mean, deviation = self._output_moments(inputs)
        factor = ops.where(deviation > 0, 1 / at_least(deviation, 1e-30), 1)
        self._set(gain, factor)
        if layer.use_bias:
            self._set(layer.bias, -mean * factor)

    def _output_moments(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and deviation of each output unit, before any activation of the wrapped layer."""
        activation = self.layer.activation
        self.layer.activation = keras.activations.linear
        try:
            outputs = self.run(inputs, self.effective_kernels())
        finally:
            self.layer.activation = activation
        outputs = ops.cast(outputs, "float64" if self.variable_dtype == "float64" else "float32")
        first = getattr(self.layer, "data_format", None) == "channels_first"
        channel = 1 if first else len(outputs.shape) - 1
        axes = tuple(axis for axis in range(len(outputs.shape)) if axis != channel)
        statistics = moments(outputs, axes)
        mean, variance = (
            ops.reshape(statistics.mean, (-1,)),
            ops.reshape(statistics.variance, (-1,)),
        )
        return mean, ops.sqrt(variance)

    @staticmethod
    def _set(variable: keras.Variable, value: Tensor) -> None:
        # In half precision a bias stands in for its stored value, which is what has to be set.
        with AutocastScope(None):
            variable.assign(ops.reshape(value, variable.shape))
