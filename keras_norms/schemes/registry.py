"""All normalizers by name."""

from __future__ import annotations

from typing import Any

import keras

from keras_norms import layers
from keras_norms.schemes.part import Layers, Part, before_activation
from keras_norms.schemes.unit import activation_layers, channel_axis


def _layer_over_the_example(
    linear: keras.layers.Layer, activation: Any, **arguments: Any
) -> Layers:
    """Layer normalization as its paper means it: one mean and variance for a whole layer.

    On a convolution that is every value of the example, with gamma and beta a channel, which is
    group normalization with one group. An explicit `axis` is taken at its word.
    """
    if "axis" in arguments or not hasattr(linear, "data_format"):
        normalizer = layers.LayerNormalization(**arguments)
    else:
        arguments.pop("rms_scaling", None)
        normalizer = layers.GroupNormalization(groups=1, axis=channel_axis(linear), **arguments)
    return [normalizer, *activation_layers(activation)]


def _usual(kind: type[keras.layers.Layer], paper: str) -> Part:
    return Part(kind, paper, follow=before_activation(kind))


REGISTRY: dict[str, Part] = {
    "batch": _usual(layers.BatchNormalization, "Ioffe & Szegedy 2015"),
    "group": _usual(layers.GroupNormalization, "Wu & He 2018"),
    "instance": _usual(layers.InstanceNormalization, "Ulyanov et al. 2016"),
    "layer": Part(layers.LayerNormalization, "Ba et al. 2016", follow=_layer_over_the_example),
    "rms": _usual(layers.RMSNormalization, "Zhang & Sennrich 2019"),
}


def names() -> list[str]:
    """Names of all schemes, among them `"none"`."""
    return sorted([*REGISTRY, "none"])


def normalizer_class(name: str) -> type[keras.layers.Layer] | None:
    """The layer class behind a name; None for `"none"`."""
    return None if name == "none" else REGISTRY[name].kind
