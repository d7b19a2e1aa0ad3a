"""A copy of a layer or operation: made again, then given the same state."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import keras

from keras_norms.kernels.keras_internals import SafeModeScope


class NoCopy(ValueError):
    """A layer that its config does not give back."""

    def __init__(self, layer: Any, why: str, advice: str) -> None:
        super().__init__(f"Layer {layer.name!r} ({type(layer).__name__}) {why}. {advice}")


def copied(old: Any) -> Any:
    """A layer or operation like `old`, without the values of its weights.

    Tried one after the other: its config; its config without the keys that its constructor does
    not take; the arguments that its constructor was called with, as Keras recorded them; the
    functions and regularizers themselves that its config could only name. A plain
    operation, and a layer without variables, that none of these gives back is returned itself:
    it has no state that the copy and the original could disturb each other with.

    Raises:
        NoCopy: none of these made it.
    """
    errors = []
    for again in (
        _from_config,
        _from_what_the_constructor_takes,
        _from_recorded_arguments,
        _from_attributes,
    ):
        try:
            with SafeModeScope(False), keras.saving.custom_object_scope(custom_objects(old)):
                new = again(old)
        except Exception as error:
            errors.append(error)
            continue
        if isinstance(old, keras.layers.Lambda):
            new.function = old.function  # the config's copy does not see the names around it
        new.name = old.name
        return new
    if not isinstance(old, keras.layers.Layer):
        return _without_calls(old)
    if old.built and not old.variables:
        return old
    raise NoCopy(
        old,
        f"cannot be made again from its config ({type(errors[0]).__name__}: {errors[0]})",
        _advice(old),
    ) from errors[0]


def built_copy(old: keras.layers.Layer, **changes: Any) -> keras.layers.Layer:
    """A built layer of the same config but for `changes`, for the same inputs, without values."""
    with SafeModeScope(False), keras.saving.custom_object_scope(custom_objects(old)):
        new = type(old).from_config({**old.get_config(), **changes})
    new.build_from_config(old.get_build_config())
    return new


def custom_objects(old: Any) -> dict[str, Any]:
    """The user's classes and functions inside a layer by name, which need not be registered."""
    layers = old._flatten_layers() if isinstance(old, keras.layers.Layer) else [old]
    found = {}
    for layer in layers:
        values = keras.tree.flatten([v for v in vars(layer).values() if not hasattr(v, "_layers")])
        for value in [layer, *values]:
            for kind in _named(value):
                if not str(kind.__module__).startswith(("keras.", "builtins", "numpy")):
                    found[kind.__name__] = kind
    return found


def _named(value: Any) -> Iterator[Any]:
    """What a config would name of a value: a function, or the class of an object."""
    if inspect.isfunction(value) or inspect.isclass(value):
        yield value
    elif hasattr(type(value), "get_config"):
        yield type(value)


def _from_config(old: Any) -> Any:
    return type(old).from_config(old.get_config())


def _from_what_the_constructor_takes(old: Any) -> Any:
    """From the config without the rest, which Keras adds where `__init__` takes no `**kwargs`."""
    taken = inspect.signature(type(old).__init__).parameters
    config = {key: value for key, value in old.get_config().items() if key in taken}
    return _like(old, type(old).from_config(config))


def _from_recorded_arguments(old: Any) -> Any:
    # Not public: what the constructor was called with, where it can be serialized.
    recorded = old._auto_config
    return _like(old, type(old)(**recorded.config))


def _from_attributes(old: Any) -> Any:
    """From the config, with functions and objects as the layer holds them."""
    taken = inspect.signature(type(old).__init__).parameters
    some = any(parameter.kind is parameter.VAR_KEYWORD for parameter in taken.values())
    config = {key: value for key, value in old.get_config().items() if some or key in taken}
    for key in config:
        held = getattr(old, key, None)
        if callable(held) and not isinstance(held, keras.layers.Layer):
            config[key] = held
    return _like(old, type(old)(**{**config, "dtype": old.dtype_policy}))


def _like(old: Any, new: Any) -> Any:
    """What every layer has, whether or not the constructor takes it."""
    if isinstance(old, keras.layers.Layer) and new.dtype_policy != old.dtype_policy:
        new.dtype_policy = old.dtype_policy
    return new


def _without_calls(old: Any) -> Any:
    """An operation of the same attributes that takes part in no graph yet."""
    new = object.__new__(type(old))
    new.__dict__.update(old.__dict__, _inbound_nodes=[], _outbound_nodes=[])
    return new


def _advice(old: Any) -> str:
    if _is_lambda(old):
        return "Give the function a name and register it (keras.saving.register_keras_serializable)"
    try:
        old.get_config()
    except Exception:  # Keras's own where a class of a layer's argument is asked for its config
        return "Give it a get_config() that returns all arguments of its constructor."
    return (
        "Give it a get_config() that returns all arguments of its constructor, and a constructor "
        "that takes all of them, **kwargs for Keras's own (name, dtype, trainable) among them."
    )


def _is_lambda(old: Any) -> bool:
    functions: list[Callable] = [v for v in vars(old).values() if inspect.isfunction(v)]
    return any(function.__name__ == "<lambda>" for function in functions)
