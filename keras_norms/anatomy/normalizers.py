"""Finding the normalizers that remember: ours and Keras's, wherever in a model they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import keras

from keras_norms.layers.instance import InstanceNormalization
from keras_norms.layers.memory import RememberingNormalization

REMEMBERING = (
    RememberingNormalization,
    InstanceNormalization,  # with `track_running_stats` alone
    keras.layers.BatchNormalization,
)


def remembers(layer: keras.layers.Layer) -> bool:
    """Whether a layer keeps moving statistics for inference."""
    return isinstance(layer, REMEMBERING) and getattr(layer, "track_running_stats", True)


def normalizers(model: keras.Model) -> dict[str, keras.layers.Layer]:
    """The normalizers with moving statistics in `model`, by path.

    Args:
        model: functional, Sequential, nested or subclassed; a layer with layers inside will do.

    Returns:
        In the order of the model's layers, each once however often it is called, without those
        that are not built since nothing ever called them (`never_called`). The path is the
        names of the layers around it, from the outside in, and its own, joined by "/"; where two
        would be called the same, the later ones end in "#2", "#3", ...

    Raises:
        ValueError: `model` is no built Keras model.
    """
    require_built(model)
    layers = named(model, remembers)
    return {path: layer for path, layer in layers.items() if layer.built}


def never_called(model: keras.Model) -> dict[str, keras.layers.Layer]:
    """The normalizers with moving statistics that are not built: the model skips them."""
    layers = named(model, remembers)
    return {path: layer for path, layer in layers.items() if not layer.built}


def named(
    outer: keras.layers.Layer, meant: Callable[[keras.layers.Layer], bool]
) -> dict[str, keras.layers.Layer]:
    """The layers inside `outer` that are meant, by path as in `normalizers`."""
    found: dict[str, keras.layers.Layer] = {}
    for path, layer in paths(outer):
        if meant(layer):
            name, number = path, 1
            while name in found:
                number += 1
                name = f"{path}#{number}"
            found[name] = layer
    return found


def paths(outer: keras.layers.Layer) -> Iterator[tuple[str, keras.layers.Layer]]:
    """Every layer inside `outer` with its path, each once, outer ones first."""
    known = {id(outer)}

    def walk(layer: keras.layers.Layer, before: str) -> Iterator[tuple[str, keras.layers.Layer]]:
        # Not public: the layers in attributes and lists as well, which `Model.layers` leaves out.
        for inner in layer._layers:
            if id(inner) in known:
                continue
            known.add(id(inner))
            path = before + inner.name
            yield path, inner
            yield from walk(inner, f"{path}/")

    yield from walk(outer, "")


def remembered(layer: keras.layers.Layer) -> tuple[str, ...]:
    """Which statistics a normalizer keeps: "mean", "variance" or both."""
    return getattr(layer, "remembers", ("mean", "variance"))


def require_built(model: Any) -> None:
    """For the argument `model`."""
    if not isinstance(model, keras.layers.Layer):
        raise ValueError(
            "Argument `model` must be a Keras model. "
            f"Received: model={model!r} of type {type(model).__name__}"
        )
    # Keras leaves `built` False in a subclassed model that it builds from a config.
    inside = [inner for _, inner in paths(model)]
    if not (model.built or (inside and all(inner.built for inner in inside))):
        raise ValueError(
            f"Argument `model` ({model.name!r}) is not built, so it has no weights yet. Call it "
            "on a batch, or build(input_shape), first."
        )


def number_of_inputs(model: keras.Model) -> int:
    """How many input tensors a model takes; 1 where that is not known before it is called."""
    try:
        return len(keras.tree.flatten(model.inputs)) or 1
    except (AttributeError, ValueError):
        return 1
