"""Adaptive normalization: scale and shift come from another part of the network."""

from __future__ import annotations

import inspect
from typing import Any

import keras
from keras import ops

from keras_norms.layers.base import Shape, Tensor
from keras_norms.layers.validation import positive_axes


@keras.saving.register_keras_serializable(package="keras_norms")
class AdaptiveNormalization(keras.layers.Layer):
    """Any normalizer, with a gamma and a beta that are inputs.

        y = gamma * normalizer(x) + beta

    By what computes gamma and beta this is conditional batch normalization (a class), AdaIN (the
    deviation and mean of a style), AdaLN (the embedding of a time step) or SPADE (a map):

        norm = AdaptiveNormalization(LayerNormalization(center=False, scale=False), True)
        y = norm(x, gamma=Dense(width)(embedding), beta=Dense(width)(embedding))

    The normalizer's own gamma and beta, where it has them, act first; switch them off with
    `center=False, scale=False`.

    Args:
        normalizer: a layer of this library or of Keras that keeps the shape of its inputs.
        zero_centered: whether the scale is `1 + gamma`, so that a gamma of zero, as a layer with
            weights of zero gives it, leaves the normalizer as it is (AdaLN, SPADE).
        **options: name, dtype, trainable.

    Call arguments:
        inputs: tensor (batch, ..., channels, ...) of rank 2 or more.
        gamma: scale; one of gamma and beta may be left out. Either (batch, channels), the same at
            every position, with the channels of the normalizer's `axis`; or of the rank of the
            inputs, broadcasting to them.
        beta: shift, of a shape like gamma.
        training: handed on to the normalizer.
        mask: handed on to the normalizer.

    Raises:
        ValueError: `normalizer` is no layer; a call without gamma and beta; or one of them of
            another shape.

    References: Dumoulin et al. 2017, arXiv 1610.07629; Huang & Belongie 2017, arXiv 1703.06868;
    Park et al. 2019, arXiv 1903.07291; Peebles & Xie 2023, arXiv 2212.09748.
    """

    def __init__(self, normalizer: Any, zero_centered: bool = False, **options: Any) -> None:
        if isinstance(normalizer, dict):
            normalizer = keras.layers.deserialize(normalizer)
        if not isinstance(normalizer, keras.layers.Layer):
            raise ValueError(
                "Argument `normalizer` must be a layer, such as LayerNormalization(center=False, "
                f"scale=False). Received: normalizer={normalizer!r}"
            )
        options.setdefault("dtype", normalizer.dtype_policy)
        super().__init__(**options)
        self.normalizer = normalizer
        self.zero_centered = bool(zero_centered)
        self.supports_masking = True
        self.autocast = False  # the normalizer sees its inputs as they are
        takes = inspect.signature(normalizer.call).parameters
        self._handed_on = [name for name in ("training", "mask") if name in takes]

    def build(  # pyright: ignore[reportIncompatibleMethodOverride]  # Keras's names for several
        self, inputs_shape: Shape, gamma_shape: Shape | None = None, beta_shape: Shape | None = None
    ) -> None:
        if not self.normalizer.built:
            self.normalizer.build(inputs_shape)

    def call(
        self,
        inputs: Tensor,
        gamma: Tensor | None = None,
        beta: Tensor | None = None,
        training: bool | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        if gamma is None and beta is None:
            raise ValueError(
                f"Layer {self.name!r} was called without `gamma` and `beta`, which are inputs of "
                "adaptive normalization. Pass one or both, or call its normalizer alone."
            )
        given = {"training": training, "mask": mask}
        y = self.normalizer(inputs, **{name: given[name] for name in self._handed_on})
        precise = keras.backend.standardize_dtype(y.dtype) == "float64"
        y = ops.cast(y, "float64" if precise else "float32")
        if gamma is not None:
            factor = self._broadcast("gamma", gamma, y)
            y = y * (factor + 1 if self.zero_centered else factor)
        if beta is not None:
            y = y + self._broadcast("beta", beta, y)
        return ops.cast(y, self.compute_dtype)

    def _broadcast(self, name: str, weight: Tensor, y: Tensor) -> Tensor:
        """A scale or shift in the precision of `y`, of a shape that broadcasts to it."""
        axis = getattr(self.normalizer, "axis", -1)
        (*_, channel) = positive_axes(axis, y.shape)
        received = tuple(weight.shape)
        form = received
        if len(received) == 2 < len(y.shape):
            form = tuple(received[0] if i == 0 else 1 for i in range(len(y.shape)))
            form = (*form[:channel], received[1], *form[channel + 1 :])
        fits = len(form) == len(y.shape) and all(
            n in (1, size) or n is None or size is None
            for n, size in zip(form, y.shape, strict=True)
        )
        if not fits:
            raise ValueError(
                f"Argument `{name}` of {self.name!r} has shape {received}, and the inputs "
                f"{tuple(y.shape)}. Pass (batch, channels), with channels on axis {channel}, or a "
                "tensor of the inputs' rank that broadcasts to them."
            )
        weight = ops.cast(weight, y.dtype)
        if form is received:
            return weight
        sizes = [1] * len(y.shape)
        sizes[0], sizes[channel] = ops.shape(weight)
        return ops.reshape(weight, sizes)

    def compute_output_shape(
        self, inputs_shape: Shape, gamma_shape: Shape | None = None, beta_shape: Shape | None = None
    ) -> Shape:
        return tuple(inputs_shape)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "normalizer": keras.layers.serialize(self.normalizer),
            "zero_centered": self.zero_centered,
        }
