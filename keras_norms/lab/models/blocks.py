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
