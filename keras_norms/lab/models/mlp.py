"""Multilayer perceptron."""

from __future__ import annotations

import keras
from keras import layers

from keras_norms.lab.models.blocks import classifier
from keras_norms.lab.models.initializers import kernel_initializer
from keras_norms.schemes import Scheme


def mlp(
    scheme: Scheme,
    *,
    depth: int,
    width: int,
    input_shape: tuple[int, ...],
    classes: int,
    activation: str = "relu",
    dropout: float = 0.0,
    deviation: float = 0.0,
) -> keras.Model:
    """`depth` hidden layers of `width` units, each a unit, and a linear head.

    Hidden kernels are He normal before rectifiers and Glorot normal before other activations, or
    normal of the standard `deviation` that is given: Ioffe & Szegedy 2015, Section 4.1, start from
    small Gaussian values.
    """
    inputs = keras.Input(input_shape)
    x = layers.Flatten()(inputs)
    for _ in range(depth):
        # A new one each time: an initializer that is shared gives all layers the same values.
        small = keras.initializers.RandomNormal(stddev=deviation) if deviation else None
        linear = layers.Dense(width, kernel_initializer=small or kernel_initializer(activation))
        x = scheme(linear, activation)(x)
    return classifier(x, inputs, classes, dropout, "mlp")


def deep_linear(
    scheme: Scheme,
    *,
    depth: int,
    width: int,
    input_shape: tuple[int, ...],
    classes: int,
) -> keras.Model:
    """`depth` linear layers of `width` units and a linear head, as in Santurkar et al. 2018."""
    size = {"depth": depth, "width": width, "input_shape": input_shape, "classes": classes}
    return mlp(scheme, **size, activation="linear")
