"""A linear layer, its normalizer and its activation."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Sequence
from typing import Any

import keras

Tensor = Any
Shape = tuple[int | None, ...]


@keras.saving.register_keras_serializable(package="keras_norms")
class Block(keras.layers.Layer):
    """A linear layer, its normalizer and its activation: plain Keras layers, in order.

    Called on symbolic tensors it is not there: it calls `layers` one after the other, so that a
    functional model shows, saves and clones each. Anywhere else, as in the `call` of a subclassed
    model or in `TimeDistributed`, it is a layer that holds them: it tracks, saves and loads their
    weights and hands `training` and the mask on to those that take them. A mask ends where Keras
    ends it, at a layer that does not support masking.

    Args:
        layers: at least one, each of a single input and output.

    Raises:
        ValueError: no layers, or something else among them.
    """

    def __init__(self, layers: Sequence[keras.layers.Layer], **options: Any) -> None:
        given = list(layers)
        if not given or not all(isinstance(layer, keras.layers.Layer) for layer in given):
            raise ValueError(
                "Argument `layers` must be a list of at least one Keras layer. "
                f"Received: layers={layers!r}"
            )
        super().__init__(**options)
        self.layers = given
        self.supports_masking = all(layer.supports_masking for layer in given)
        # Each layer casts for itself, by its own policy.
        self.autocast = False

    def __call__(self, inputs: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if not isinstance(inputs, keras.KerasTensor):
            return super().__call__(inputs, *args, **kwargs)
        outputs = self.call(inputs, *args, **kwargs)
        self.built = True
        return outputs

    def build(self, input_shape: Shape) -> None:
        shown = keras.KerasTensor(input_shape, dtype=self.input_dtype)
        for layer in self.layers:
            if not layer.built:
                _fit(layer, shown.shape)
                layer.build(shown.shape)
            shown = layer.compute_output_spec(shown)

    def call(
        self, inputs: Tensor, training: bool | None = None, mask: Tensor | None = None
    ) -> Tensor:
        x = inputs
        for layer in self.layers:
            given = {"training": training, "mask": mask}
            kind: Any = type(layer)
            takes = _parameters(kind)
            _fit(layer, x.shape)
            # What is None, Keras fills in: from the caller, and from the tensor.
            y = layer(x, **{k: v for k, v in given.items() if k in takes and v is not None})
            if mask is not None:
                mask = layer.compute_mask(x, mask) if layer.supports_masking else None
            x = y
        return x

    def compute_mask(self, inputs: Tensor, previous_mask: Tensor | None = None) -> Tensor | None:
        return previous_mask if self.supports_masking else None

    def compute_output_spec(self, inputs: Any, **options: Any) -> Any:
        for layer in self.layers:
            inputs = layer.compute_output_spec(inputs)
        return inputs

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        shown = keras.KerasTensor(input_shape, dtype=self.input_dtype)
        return self.compute_output_spec(shown).shape

    def get_config(self) -> dict[str, Any]:
        layers = [keras.saving.serialize_keras_object(layer) for layer in self.layers]
        return {**super().get_config(), "layers": layers}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Block:
        layers = [keras.saving.deserialize_keras_object(layer) for layer in config["layers"]]
        return cls(**{**config, "layers": layers})


def _fit(layer: keras.layers.Layer, shape: Shape) -> None:
    """Groups that a spec does not name follow the channels, once these are known."""
    fit = None if layer.built else getattr(layer, "fit_groups", None)
    if fit is not None and shape[layer.axis]:
        fit(shape[layer.axis])


@functools.cache
def _parameters(kind: type[keras.layers.Layer]) -> frozenset[str]:
    return frozenset(inspect.signature(kind.call).parameters)


Unit = Block  # the name that it had before
