"""A layer's configuration, read from the signature of its constructor."""

from __future__ import annotations

import functools
import inspect
import typing
from typing import Any

import keras

# What Keras's own layer keeps and says in its own configuration.
KERAS = ("name", "dtype", "trainable")


@functools.cache
def arguments_of(kind: type) -> tuple[str, ...]:
    """The arguments that `kind` takes by name, but Keras's own.

    Those of the signature, and for `**options: Unpack[Options]` the keys of `Options`.
    """
    found = []
    hints = typing.get_type_hints(kind.__init__)
    for name, parameter in list(inspect.signature(kind.__init__).parameters.items())[1:]:
        if parameter.kind is not parameter.VAR_KEYWORD:
            found.append(name)
            continue
        for options in typing.get_args(hints.get(name)):
            found += typing.get_type_hints(options)
    return tuple(name for name in found if name not in KERAS)


def configuration(layer: keras.layers.Layer) -> dict[str, Any]:
    """Every argument of the layer's constructor, from the attribute of its name."""
    return {
        name: _written(getattr(layer, name))
        for name in arguments_of(type(layer))  # pyright: ignore[reportArgumentType]
    }


def _written(value: Any) -> Any:
    """As Keras's layers write their arguments: its own activations by name, "relu"."""
    name = getattr(value, "__name__", "")
    if name and getattr(keras.activations, name, None) is value:
        return name
    return keras.saving.serialize_keras_object(value)
