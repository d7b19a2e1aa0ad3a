"""From what describes a scheme to the scheme, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from keras_norms.schemes.binding import require_known
from keras_norms.schemes.registry import REGISTRY, names
from keras_norms.schemes.scheme import FunctionScheme, LayerScheme, NamedScheme, Scheme
from keras_norms.schemes.spec import Spec, Term, parse

Described = Any  # str | Scheme | layer class | layer | dict of `serialize` | callable | None


def get(spec: Described) -> Scheme:
    """The scheme that `spec` describes.

    Args:
        spec: `"name"`, `"name:key=value,..."` or `"name:value"` for the first argument, as in
            `"group:groups=8"` and `"group:8"`, joined by `+` to a weight reparameterization; a
            layer class; a layer, of which copies are made; a function that makes a layer; a dict
            of `serialize`; a scheme; or None for `"none"`.

    Raises:
        ValueError: an unknown name or argument (with the nearest valid ones), arguments that
            the normalizer refuses, or two normalizers of one kind.
    """
    if isinstance(spec, Scheme):
        return spec
    if spec is None:
        return NamedScheme(parse("none"))
    if isinstance(spec, str):
        if not spec.strip():
            require_known("name", spec, names(), spec)
        return NamedScheme(parse(spec))
    if isinstance(spec, Mapping):
        return _from_dict(dict(spec))
    if isinstance(spec, keras.layers.Layer):
        return LayerScheme(spec)
    if isinstance(spec, type) and issubclass(spec, keras.layers.Layer):
        known = [name for name, entry in REGISTRY.items() if entry.kind is spec]
        return NamedScheme(Spec([Term(known[0])])) if known else LayerScheme(_default(spec))
    if callable(spec):
        return FunctionScheme(spec)
    raise ValueError(
        "Argument `spec` must be a string such as 'group:groups=8', a layer, a layer class, a "
        f"function that makes a layer, or a dict. Received: spec={spec!r}"
    )


def serialize(scheme: Described) -> dict[str, Any]:
    """A JSON-ready dict from which `get` makes the same scheme again.

    Raises:
        ValueError: the scheme is made by a function.
    """
    return get(scheme).serialize()


def _default(kind: type[keras.layers.Layer]) -> keras.layers.Layer:
    try:
        return kind()
    except TypeError as error:
        raise ValueError(
            f"Argument `spec`={kind.__name__} cannot be made without arguments ({error}). Pass a "
            "layer, or a function that makes one."
        ) from error


def _from_dict(content: dict[str, Any]) -> Scheme:
    if "spec" in content:
        return get(content["spec"])
    if "layer" in content:
        return get(keras.saving.deserialize_keras_object(content["layer"]))
    raise ValueError(
        f"Argument `spec` is a dict without the keys that `serialize` gives: {content!r}"
    )
