"""Normalizers that bring the activation with them, in two layers."""

from __future__ import annotations

from typing import Any

import keras

from keras_norms.layers.base import AffineNormalization
from keras_norms.layers.filter_response import (
    FilterResponseNormalization,
    ThresholdedLinearUnit,
)
from keras_norms.layers.proxy import ProxyNormalization
from keras_norms.schemes.part import Layers
from keras_norms.schemes.spec import Spec
from keras_norms.schemes.unit import activation_layers, channel_axis


def thresholded(linear: keras.layers.Layer, activation: Any, **arguments: Any) -> Layers:
    """Filter response normalization, then its own unit in the place of any activation.

    A unit without activation, as before the sum of a residual block, stays without.
    """
    normalizer = FilterResponseNormalization(**{"axis": channel_axis(linear), **arguments})
    if not activation_layers(activation):
        return [normalizer]
    return [normalizer, ThresholdedLinearUnit(axis=normalizer.axis)]


def proxied(
    linear: keras.layers.Layer, activation: Any, inner: Spec | None = None, **arguments: Any
) -> Layers:
    """The inner normalizer without gamma and beta, then the activation with its proxy.

    Raises:
        ValueError: no inner normalizer, or one that depends on the batch, absorbs the activation
            or reparameterizes weights.
    """
    # Imported late: a spec is made of rows of the registry, of which this is one.
    from keras_norms.schemes.registry import REGISTRY

    terms = inner or ()
    part = REGISTRY.get(terms[0].name) if len(terms) == 1 else None
    if (
        part is None
        or part.follow is None
        or getattr(part.kind, "batch_dependent", False)
        or getattr(part.kind, "absorbs_activation", False)
    ):
        raise ValueError(
            "'proxy' takes one normalizer in parentheses that does not depend on the batch and "
            f"leaves the activation alone, as in 'proxy(group:8)'. Received: 'proxy({inner or ''})'"
        )
    # The scale and shift come with the activation, which applies them to its proxy as well.
    plain = {"center": False, "scale": False}
    plain = plain if issubclass(part.kind, AffineNormalization) else {}
    before = part.follow(linear, None, **{**plain, **terms[0].arguments})
    axis = channel_axis(linear)
    return [*before, ProxyNormalization(**{"activation": activation, "axis": axis, **arguments})]
