"""What a scheme is made of: one named normalizer and how it attaches."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras

from keras_norms.layers.base import AffineNormalization, AffineOptions
from keras_norms.schemes.unit import activation_layers, channel_axis

Layers = list[keras.layers.Layer]


@dataclass(frozen=True)
class Part:
    """A row of the registry.

    Attributes:
        kind: the layer class.
        follow: `(linear, activation, **arguments)` to the layers that come after the linear one,
            the activation among them or absorbed. None for a weight reparameterization.
        wrap: `(linear, **arguments)` to the layer that takes the linear one's place. None for an
            activation normalizer.
        paper: author and year.
    """

    kind: type[keras.layers.Layer]
    paper: str
    follow: Callable[..., Layers] | None = None
    wrap: Callable[..., keras.layers.Layer] | None = None

    @property
    def arguments(self) -> list[str]:
        """Names of the constructor arguments, in order; the wrapped layer is not one of them."""
        own = [
            key
            for key in inspect.signature(self.kind).parameters
            if key not in ("options", "layer")
        ]
        shared: list[str] = []
        if issubclass(self.kind, AffineNormalization):
            shared = [key for key in AffineOptions.__annotations__ if key != "name"]
        return list(dict.fromkeys([*own, *shared, "dtype", "trainable"]))


def before_activation(kind: type[keras.layers.Layer]) -> Callable[..., Layers]:
    """The usual place: after the linear layer, on its channels, before the activation."""

    def follow(linear: keras.layers.Layer, activation: Any, **arguments: Any) -> Layers:
        normalizer = kind(**{"axis": channel_axis(linear), **arguments})
        return [normalizer, *activation_layers(activation)]

    return follow


def instead_of_activation(kind: type[keras.layers.Layer]) -> Callable[..., Layers]:
    """For what is normalizer and activation in one: the unit's own activation is absorbed."""

    def follow(linear: keras.layers.Layer, activation: Any, **arguments: Any) -> Layers:
        return [kind(**{"axis": channel_axis(linear), **arguments})]

    return follow


def around_kernel(kind: type[keras.layers.Layer]) -> Callable[..., keras.layers.Layer]:
    """For weight reparameterizations: the linear layer is wrapped."""
    return lambda linear, **arguments: kind(linear, **arguments)
