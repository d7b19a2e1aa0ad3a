"""A copy of a layer: its config made again, then its values."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_norms.kernels.keras_internals import SafeModeScope


def copied(old: Any) -> Any:
    """A layer or operation of the same config, without the values of its weights.

    Raises:
        ValueError: the config does not give the layer back.
    """
    try:
        with SafeModeScope(False):
            new = type(old).from_config(old.get_config())
    except Exception as error:
        raise ValueError(
            f"Layer {old.name!r} ({type(old).__name__}) cannot be made again from its config "
            f"({type(error).__name__}: {error}). Give it a get_config() that returns all "
            "arguments of its constructor."
        ) from error
    if isinstance(old, keras.layers.Lambda):
        new.function = old.function  # the config's copy does not see the names around it
    return new


def copied_weights(old: Any, new: Any) -> None:
    """Give `new` the values of all variables of `old`, and its layers the same `trainable`.

    Raises:
        ValueError: they do not have the same variables.
    """
    if not isinstance(old, keras.layers.Layer):
        return
    shapes = [[tuple(v.shape) for v in layer.variables] for layer in (old, new)]
    if shapes[0] != shapes[1]:
        raise ValueError(
            f"Layer {old.name!r} ({type(old).__name__}), made again from its config, has variables "
            f"of shapes {shapes[1]} instead of {shapes[0]}: its config does not say all that it "
            "is. Return all arguments of its constructor from get_config(), and make its weights "
            "in build()."
        )
    for before, after in zip(old.variables, new.variables, strict=True):
        # A copy: JAX may donate, and so delete, an array that two variables share.
        after.assign(ops.copy(before.value))
    for before, after in zip(old._flatten_layers(), new._flatten_layers(), strict=False):
        if before.trainable != after.trainable:
            after.trainable = before.trainable


def built_copy(old: keras.layers.Layer, **changes: Any) -> keras.layers.Layer:
    """A built layer of the same config but for `changes`, for the same inputs, without values."""
    new = type(old).from_config({**old.get_config(), **changes})
    new.build_from_config(old.get_build_config())
    return new
