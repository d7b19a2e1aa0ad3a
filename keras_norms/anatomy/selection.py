"""Which layers of a model are normalizers, and which of them are meant."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any

import keras

from keras_norms.anatomy.normalizers import paths
from keras_norms.layers.base import Normalization
from keras_norms.layers.filter_response import ThresholdedLinearUnit
from keras_norms.weights.base import Reparameterization

_OF_KERAS = (
    keras.layers.BatchNormalization,
    keras.layers.LayerNormalization,
    keras.layers.GroupNormalization,
    keras.layers.RMSNormalization,
)


def is_normalizer(layer: Any) -> bool:
    """Whether outputs are normalized by this layer; an activation with a threshold is none."""
    known = isinstance(layer, (Normalization, *_OF_KERAS))
    return known and not isinstance(layer, ThresholdedLinearUnit)


def selected(model: keras.Model, where: Any) -> Callable[[keras.layers.Layer], Any]:
    """`where` (a function, names, paths, or None) as a function of a layer.

    Raises:
        ValueError: it is none of these, or names what is no normalizer of the model.
    """
    if where is None:
        return lambda layer: True
    if callable(where):
        return where
    try:
        wanted = {where} if isinstance(where, str) else set(where)
    except TypeError as error:
        raise ValueError(
            "Argument `where` must be a function of a layer, names of layers, or None. "
            f"Received: where={where!r}"
        ) from error
    there = [
        (path, layer)
        for path, layer in paths(model)
        if is_normalizer(layer) or isinstance(layer, Reparameterization)
    ]
    known = {name for path, layer in there for name in (path, layer.name)}
    for name in sorted(wanted - known, key=str):
        near = difflib.get_close_matches(str(name), sorted(known), n=3, cutoff=0.5)
        hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
        raise ValueError(
            f"Argument `where` names {name!r}, which is no normalizer of {model.name!r}.{hint} "
            f"Its normalizers: {', '.join(repr(path) for path, _ in there) or 'none'}."
        )
    ids = {id(layer) for path, layer in there if {path, layer.name} & wanted}
    return lambda layer: id(layer) in ids
