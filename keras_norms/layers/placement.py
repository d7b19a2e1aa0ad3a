"""Where a normalizer stands beside a linear layer and its activation."""

from __future__ import annotations

import functools
import math
from typing import Any

import keras

Layers = list[keras.layers.Layer]


def before_activation(kind: type, linear: Any, activation: Any, **arguments: Any) -> Layers:
    """The usual place: after the linear layer, on its channels, before the activation."""
    return [on_channels(kind, linear, **arguments), *activation_layers(activation)]


def after_activation(kind: type, linear: Any, activation: Any, **arguments: Any) -> Layers:
    """For what compares the responses of channels: the activation comes first."""
    return [*activation_layers(activation), on_channels(kind, linear, **arguments)]


def instead_of_activation(kind: type, linear: Any, activation: Any, **arguments: Any) -> Layers:
    """For what is normalizer and activation in one: the block's own activation is absorbed."""
    return [on_channels(kind, linear, **arguments)]


def around_kernel(kind: type, linear: Any, **arguments: Any) -> keras.layers.Layer:
    """For weight reparameterizations: the linear layer is wrapped."""
    return kind(linear, **arguments)


def on_channels(kind: type, linear: Any, **arguments: Any) -> keras.layers.Layer:
    """The normalizer along the channels that the linear layer puts out, if not told otherwise.

    Where `groups` are not told either, they are as many of the default as fit the channels.
    """
    made = kind(**{"axis": channel_axis(linear), **arguments})
    if getattr(kind, "splits_channels", False) and not {"groups", "group_size"} & {*arguments}:
        channels = getattr(linear, "filters", None) or getattr(linear, "units", None)
        made.fit_groups = functools.partial(_fit_groups, made, hasattr(linear, "data_format"))
        if channels:
            made.fit_groups(channels)
    return made


def _fit_groups(layer: keras.layers.Layer, spatial: bool, channels: int) -> None:
    layer.groups = fitting_groups(layer.groups, spatial, channels)


def fitting_groups(groups: int, spatial: bool, channels: int) -> int:
    """So many fewer groups that they divide the channels, and none has a single value."""
    groups = math.gcd(groups, channels)
    if groups == channels > 1 and not spatial:
        groups = max(d for d in range(1, groups) if groups % d == 0)
    return groups


def activation_layers(activation: Any) -> Layers:
    """`activation` (name, callable, layer or None) as no layer or one."""
    if isinstance(activation, keras.layers.Layer):
        return [activation]
    if activation in (None, "linear", keras.activations.linear):
        return []
    return [keras.layers.Activation(activation)]


def channel_axis(linear: keras.layers.Layer) -> int:
    """The axis of the channels that a linear layer puts out."""
    return 1 if getattr(linear, "data_format", None) == "channels_first" else -1
