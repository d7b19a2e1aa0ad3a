"""A small Inception network (after Szegedy et al. 2015, Ioffe & Szegedy 2015, Figure 5)."""

from __future__ import annotations

import keras
from keras import layers

from keras_norms.lab.models.blocks import classifier, conv_unit
from keras_norms.lab.models.inception_module import Module, inception_module
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

    Every branch has `width` filters. With two blocks or more the one in the middle halves the
    image, as modules 3c and 4e of the paper do: strided 3x3 and double 3x3 branches beside a max
    pool that is passed through. Every convolution is a unit. Weighted layers from input to head:
    `3 depth + 2`, as the paper counts.

    Raises:
        ValueError: an image of fewer than 8x8 pixels.
    """
    if min(input_shape[:2]) < 8:
        raise ValueError(f"input_shape={input_shape} is smaller than 8x8 pixels")
    inputs = keras.Input(input_shape)
    x = conv_unit(scheme, inputs, width, 3, activation)
    for block in range(depth):
        if depth > 1 and block == depth // 2:
            module = Module(0, width, width, width, width, "max", 0)
        else:
            module = Module(width, width, width, width, width, "average", width)
        x = inception_module(scheme, x, module, activation, f"concatenate_{block}")
    return classifier(layers.GlobalAveragePooling2D()(x), inputs, classes, dropout, "inception")
