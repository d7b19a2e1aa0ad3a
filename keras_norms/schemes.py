"""From a spec to plain Keras layers: how a normalizer attaches to a linear layer."""

from __future__ import annotations

import ast
import difflib
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import keras

from keras_norms import layers
from keras_norms.layers.base import AffineNormalization, AffineOptions, Normalization

Spec = Any  # str | Scheme | layer class | layer | dict of `serialize` | callable | None


class Unit:
    """A linear layer, its normalizer and its activation: plain Keras layers, in order.

    Calling it calls `layers` one after the other, so that a functional model shows, saves and
    clones each; a subclassed model can hold them as `keras.Sequential(unit.layers)`.
    """

    def __init__(self, unit_layers: list[keras.layers.Layer]) -> None:
        self.layers = unit_layers

    def __call__(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x


class Scheme:
    """How a normalizer attaches: here between the linear layer and its activation.

    Args:
        name: name of the normalizer in the registry, or of its class.
        arguments: constructor arguments that the spec gave.
        make: makes the normalizer for a linear layer; None where there is none.
    """

    def __init__(
        self,
        name: str,
        arguments: Mapping[str, Any],
        make: Callable[[keras.layers.Layer], keras.layers.Layer] | None,
    ) -> None:
        self.name = name
        self.arguments = dict(arguments)
        self._make = make

    def __call__(self, linear: keras.layers.Layer, activation: Any = None) -> Unit:
        """The unit of `linear`, this scheme's normalizer and `activation`.

        Args:
            linear: layer without an activation of its own, not built yet. Its bias is dropped
                where the normalizer makes it useless.
            activation: name, callable, layer, or None.

        Raises:
            ValueError: `linear` has an activation, or is built with a bias that must go.
        """
        inner = getattr(linear, "activation", None)
        if inner not in (None, keras.activations.linear):
            raise ValueError(
                f"Argument `linear` ({linear.name!r}) has an activation of its own, "
                f"{getattr(inner, '__name__', inner)!r}, which would come before the normalizer. "
                "Pass it as `activation` of the unit instead."
            )
        parts = [linear]
        if self._make is not None:
            normalizer = self._make(linear)
            parts = [_without_useless_bias(linear, normalizer), normalizer]
        if isinstance(activation, keras.layers.Layer):
            parts.append(activation)
        elif activation not in (None, "linear"):
            parts.append(keras.layers.Activation(activation))
        return Unit(parts)

    def __str__(self) -> str:
        given = ",".join(f"{key}={value}" for key, value in self.arguments.items())
        return f"{self.name}:{given}" if given else self.name

    def __repr__(self) -> str:
        return f"Scheme({str(self)!r})"


def _without_useless_bias(
    linear: keras.layers.Layer, normalizer: keras.layers.Layer
) -> keras.layers.Layer:
    useless = getattr(
        normalizer, "cancels_bias", isinstance(normalizer, keras.layers.BatchNormalization)
    )
    if not (useless and getattr(linear, "use_bias", False)):
        return linear
    if linear.built:
        raise ValueError(
            f"Argument `linear` ({linear.name!r}) is built with a bias that {normalizer.name!r} "
            "would cancel. Pass a layer that is not built yet, or one with use_bias=False."
        )
    return type(linear).from_config({**linear.get_config(), "use_bias": False})


def _channel_axis(linear: keras.layers.Layer) -> int:
    return 1 if getattr(linear, "data_format", None) == "channels_first" else -1


def _on_channels(kind: type[keras.layers.Layer]) -> Callable[..., keras.layers.Layer]:
    return lambda linear, **arguments: kind(**{"axis": _channel_axis(linear), **arguments})


def _over_the_example(linear: keras.layers.Layer, **arguments: Any) -> keras.layers.Layer:
    """Layer normalization as its paper means it: one mean and variance for a whole layer.

    On a convolution that is every value of the example, with gamma and beta a channel, which is
    group normalization with one group. An explicit `axis` is taken at its word.
    """
    if "axis" in arguments or not hasattr(linear, "data_format"):
        return layers.LayerNormalization(**arguments)
    arguments.pop("rms_scaling", None)
    return layers.GroupNormalization(groups=1, axis=_channel_axis(linear), **arguments)


# name -> (the layer class, what makes it for a linear layer)
_REGISTRY: dict[str, tuple[type[Normalization], Callable[..., keras.layers.Layer]]] = {
    "batch": (layers.BatchNormalization, _on_channels(layers.BatchNormalization)),
    "group": (layers.GroupNormalization, _on_channels(layers.GroupNormalization)),
    "instance": (layers.InstanceNormalization, _on_channels(layers.InstanceNormalization)),
    "layer": (layers.LayerNormalization, _over_the_example),
    "rms": (layers.RMSNormalization, _on_channels(layers.RMSNormalization)),
}


def names() -> list[str]:
    """Names of all schemes, among them `"none"`."""
    return sorted([*_REGISTRY, "none"])


def normalizer_class(name: str) -> type[Normalization] | None:
    """The layer class behind a name; None for `"none"`."""
    return None if name == "none" else _REGISTRY[name][0]


def get(spec: Spec) -> Scheme:
    """The scheme that `spec` describes.

    Args:
        spec: `"name"`, `"name:key=value,..."` or `"name:value"` for the first argument, as in
            `"group:groups=8"` and `"group:8"`; a layer class; a layer, of which copies are made;
            a function that makes a layer; a dict of `serialize`; a scheme; or None for `"none"`.

    Raises:
        ValueError: an unknown name or argument (with the nearest valid ones), or arguments that
            the normalizer refuses.
    """
    if isinstance(spec, Scheme):
        return spec
    if spec is None:
        return get("none")
    if isinstance(spec, str):
        return _from_name(*_parse(spec))
    if isinstance(spec, Mapping):
        if "layer" in spec:
            return get(keras.saving.deserialize_keras_object(dict(spec["layer"])))
        if "name" in spec:
            return _from_name(spec["name"], dict(spec.get("arguments", {})))
        raise ValueError(
            f"Argument `spec` is a dict without the keys that `serialize` gives: {dict(spec)!r}"
        )
    if isinstance(spec, keras.layers.Layer):
        return _from_layer(spec)
    if isinstance(spec, type) and issubclass(spec, keras.layers.Layer):
        for name, (kind, _) in _REGISTRY.items():
            if kind is spec:
                return get(name)
        return _from_layer(spec())
    if callable(spec):
        return Scheme(getattr(spec, "__name__", "custom"), {}, lambda linear: spec())
    raise ValueError(
        "Argument `spec` must be a string such as 'group:groups=8', a layer, a layer class, a "
        f"function that makes a layer, or a dict. Received: spec={spec!r}"
    )


def serialize(scheme: Spec) -> dict[str, Any]:
    """A JSON-ready dict from which `get` makes the same scheme again."""
    scheme = get(scheme)
    if scheme.name in names():
        return {"name": scheme.name, "arguments": scheme.arguments}
    template = getattr(scheme, "template", None)
    if template is None:
        raise ValueError(
            f"The scheme {scheme.name!r} is made by a function, which cannot be serialized. Use "
            "a spec string, a layer or a layer class."
        )
    return {"layer": keras.saving.serialize_keras_object(template)}


def _parse(spec: str) -> tuple[str, dict[str, Any]]:
    name, _, rest = spec.strip().partition(":")
    _require_known("name", name, names(), spec)
    arguments: dict[str, Any] = {}
    for position, text in enumerate(filter(None, rest.split(","))):
        key, equals, value = text.partition("=")
        if not equals:
            first = next(key for key in _allowed(name) if key != "axis") if name != "none" else ""
            if position or not first:
                raise ValueError(
                    f"Argument `spec`={spec!r}: {text!r} is not of the form key=value, which only "
                    "the first argument may leave out."
                )
            key, value = first, text
        arguments[key.strip()] = _literal(value.strip())
    return name, arguments


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return {"true": True, "false": False, "none": None}.get(text.lower(), text)


def _allowed(name: str) -> list[str]:
    """Constructor arguments of a registered normalizer, in order."""
    if name == "none":
        return []
    kind = _REGISTRY[name][0]
    own = [key for key in inspect.signature(kind).parameters if key != "options"]
    shared = [*AffineOptions.__annotations__] if issubclass(kind, AffineNormalization) else []
    return [*own, *shared, *(key for key in ("dtype", "trainable") if key not in shared)]


def _require_known(what: str, value: str, valid: list[str], spec: str) -> None:
    if value in valid:
        return
    near = difflib.get_close_matches(value, valid, n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(map(repr, near))}? " if near else ""
    raise ValueError(
        f"Argument `spec`={spec!r} has an unknown {what} {value!r}. {hint}"
        f"Valid: {', '.join(valid) or 'none at all'}."
    )


def _from_name(name: str, arguments: dict[str, Any]) -> Scheme:
    spec = str(Scheme(name, arguments, None))
    _require_known("name", name, names(), spec)
    for key in arguments:
        _require_known("argument", key, [key for key in _allowed(name) if key != "name"], spec)
    if name == "none":
        return Scheme(name, {}, None)
    kind, make = _REGISTRY[name]
    try:
        kind(**arguments)
    except (TypeError, ValueError) as error:
        raise ValueError(f"Argument `spec`={spec!r}: {error}") from error
    return Scheme(name, arguments, lambda linear: make(linear, **arguments))


def _from_layer(template: keras.layers.Layer) -> Scheme:
    def copy(linear: keras.layers.Layer) -> keras.layers.Layer:
        config = {key: value for key, value in template.get_config().items() if key != "name"}
        if config.get("axis") == -1:
            config["axis"] = _channel_axis(linear)
        return type(template).from_config(config)

    scheme = Scheme(type(template).__name__, {}, copy)
    scheme.template = template
    return scheme
