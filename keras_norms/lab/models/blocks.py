"""The pieces that the models share: convolution units and the head."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from keras_norms.lab.models.initializers import head_initializer, kernel_initializer
from keras_norms.schemes import Scheme

Tensor = Any


def conv_unit(
    scheme: Scheme,
    x: Tensor,
    filters: int,
    size: int,
    activation: str | None,
    *,
    strides: int = 1,
    init_for: str | None = None,
) -> Tensor:
    """Convolution, normalizer and activation; `init_for` where the activation comes later."""
    linear = layers.Conv2D(
        filters,
        size,
        strides=strides,
        padding="same",
        kernel_initializer=kernel_initializer(init_for or activation or "linear"),
    )
    return scheme(linear, activation)(x)


def classifier(x: Tensor, inputs: Tensor, classes: int, dropout: float, name: str) -> keras.Model:
    """Dropout if any, then a linear head without normalizer, in float32."""
    if dropout:
        x = layers.Dropout(dropout)(x)
    logits = layers.Dense(classes, kernel_initializer=head_initializer(), dtype="float32")(x)
    return keras.Model(inputs, logits, name=name)


def normalized(
    scheme: Scheme, x: Tensor, activation: str | None, like: type[keras.layers.Layer]
) -> Tensor:
    """`x` normalized and activated as a scheme does it behind a linear layer, without one.

    Args:
        scheme: of which a weight reparameterization does nothing here.
        x: channels last.
        activation: name, or None.
        like: the class of the linear layer that the normalizer is to think of.
    """
    linear = like(1, 1) if issubclass(like, layers.Conv2D) else like(1)
    for layer in scheme.follow(linear, activation):
        x = layer(x)
    return x


def normalizes(scheme: Scheme) -> bool:
    """Whether a scheme normalizes activations, beside or instead of weights."""
    return bool(scheme.follow(layers.Conv2D(1, 1), None))


def preactivated_conv(
    scheme: Scheme, x: Tensor, filters: int, size: int, activation: str, *, strides: int = 1
) -> tuple[Tensor, Tensor]:
    """Normalizer, activation, then convolution; and what the convolution is given.

    There is no bias where a normalizer follows.
    """
    before = normalized(scheme, x, activation, layers.Conv2D)
    return bare_conv(scheme, before, filters, size, activation, strides=strides), before


def bare_conv(
    scheme: Scheme, x: Tensor, filters: int, size: int, activation: str, *, strides: int = 1
) -> Tensor:
    """A convolution whose weights a scheme may reparameterize, and nothing else."""
    linear = layers.Conv2D(
        filters,
        size,
        strides=strides,
        padding="same",
        use_bias=not normalizes(scheme),
        kernel_initializer=kernel_initializer(activation),
    )
    return scheme.wrap(linear)(x)
