"""Multilayer perceptron."""

from __future__ import annotations

import keras
from keras import layers

from keras_norms.lab.models.parts import classifier, kernel_initializer
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
) -> keras.Model:
    """`depth` hidden layers of `width` units, each a unit, and a linear head.

    Kernels are He normal before rectifiers and Glorot normal before other activations.
    """
    inputs = keras.Input(input_shape)
    x = layers.Flatten()(inputs)
    for _ in range(depth):
        linear = layers.Dense(width, kernel_initializer=kernel_initializer(activation))
        x = scheme(linear, activation)(x)
    return classifier(x, inputs, classes, dropout, "mlp")
