"""A small Inception network (after Szegedy et al. 2015, Ioffe & Szegedy 2015, Figure 5)."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from keras_norms.lab.models.parts import classifier, conv_unit
from keras_norms.schemes import Scheme


def inception(
    scheme: Scheme,
    *,
    depth: int,
    width: int = 16,
    input_shape: tuple[int, ...],
    classes: int,
    activation: str = "relu",
    dropout: float = 0.0,
) -> keras.Model:
    """A 3x3 stem of `width` filters and `depth` Inception blocks, for images from 8x8 pixels.

    With two blocks or more the one in the middle halves the image, as blocks 3c and 4e of the
    paper do: strided 3x3 and double 3x3 branches beside a max pool that is passed through. Every
    convolution is a unit. Weighted layers from input to head: `3 depth + 2`, as the paper counts.

    Raises:
        ValueError: an image of fewer than 8x8 pixels.
    """
    if min(input_shape[:2]) < 8:
        raise ValueError(f"input_shape={input_shape} is smaller than 8x8 pixels")
    inputs = keras.Input(input_shape)
    x = conv_unit(scheme, inputs, width, 3, activation)
    for block in range(depth):
        if depth > 1 and block == depth // 2:
            x = _reduction_block(scheme, x, width, activation)
        else:
            x = _block(scheme, x, width, activation)
    return classifier(layers.GlobalAveragePooling2D()(x), inputs, classes, dropout, "inception")


def _block(scheme: Scheme, x: Any, width: int, activation: str) -> Any:
    """1x1, 1x1 to 3x3, 1x1 to double 3x3, and average pool to 1x1, `width` filters each."""

    def conv(x: Any, size: int) -> Any:
        return conv_unit(scheme, x, width, size, activation)

    pooled = layers.AveragePooling2D(3, strides=1, padding="same")(x)
    branches = [
        conv(x, 1),
        conv(conv(x, 1), 3),
        conv(conv(conv(x, 1), 3), 3),
        conv(pooled, 1),
    ]
    return layers.Concatenate()(branches)


def _reduction_block(scheme: Scheme, x: Any, width: int, activation: str) -> Any:
    def conv(x: Any, size: int, strides: int = 1) -> Any:
        return conv_unit(scheme, x, width, size, activation, strides=strides)

    branches = [
        conv(conv(x, 1), 3, strides=2),
        conv(conv(conv(x, 1), 3), 3, strides=2),
        layers.MaxPooling2D(3, strides=2, padding="same")(x),
    ]
    return layers.Concatenate()(branches)
