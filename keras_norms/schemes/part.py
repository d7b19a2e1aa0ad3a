"""What a scheme is made of: one named normalizer and how it attaches."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras

from keras_norms.layers.base import Normalization
from keras_norms.schemes.unit import activation_layers, channel_axis

Layers = list[keras.layers.Layer]


@dataclass(frozen=True)
class Part:
    """A row of the registry.

    Attributes:
        kind: the layer class.
        follow: `(linear, activation, **arguments)` to the layers that come after the linear one,
            the activation among them or absorbed. None where the linear layer is wrapped.
        wrap: `(linear, **arguments)` to the layer that takes the linear one's place. None where
            layers follow it.
        paper: author and year.
        around: an example of the spec that it takes in parentheses; empty where it takes none.
    """

    kind: type[keras.layers.Layer]
    paper: str
    follow: Callable[..., Layers] | None = None
    wrap: Callable[..., keras.layers.Layer] | None = None
    around: str = ""

    @property
    def arguments(self) -> list[str]:
        """Names of the constructor arguments, in order; the wrapped layer is not one of them."""
        own = inspect.signature(self.kind).parameters
        # `**options: Unpack[...]` says which keyword arguments are handed on.
        options = typing.get_type_hints(self.kind.__init__).get("options")
        shared = [key for given in typing.get_args(options) for key in given.__annotations__]
        # In a spec the first is the one that a value without a key is meant for.
        known = dict.fromkeys([*own, *shared, "dtype", "trainable"])
        known = [key for key in known if key not in ("options", "layer", "name")]
        return sorted(known, key=lambda key: key == "axis")

    @property
    def normalizes_activations(self) -> bool:
        """Whether outputs are normalized, be it by a layer around the linear one."""
        return issubclass(self.kind, Normalization)


def before_activation(kind: type[keras.layers.Layer]) -> Callable[..., Layers]:
    """The usual place: after the linear layer, on its channels, before the activation."""

    def follow(linear: keras.layers.Layer, activation: Any, **arguments: Any) -> Layers:
        normalizer = kind(**{"axis": channel_axis(linear), **arguments})
        return [normalizer, *activation_layers(activation)]

    return follow


def after_activation(kind: type[keras.layers.Layer]) -> Callable[..., Layers]:
    """For what compares the responses of channels: the activation comes first."""

    def follow(linear: keras.layers.Layer, activation: Any, **arguments: Any) -> Layers:
        normalizer = kind(**{"axis": channel_axis(linear), **arguments})
        return [*activation_layers(activation), normalizer]

    return follow


def instead_of_activation(kind: type[keras.layers.Layer]) -> Callable[..., Layers]:
    """For what is normalizer and activation in one: the unit's own activation is absorbed."""

    def follow(linear: keras.layers.Layer, activation: Any, **arguments: Any) -> Layers:
        return [kind(**{"axis": channel_axis(linear), **arguments})]

    return follow


def around_kernel(kind: type[keras.layers.Layer]) -> Callable[..., keras.layers.Layer]:
    """For weight reparameterizations: the linear layer is wrapped."""
    return lambda linear, **arguments: kind(linear, **arguments)
