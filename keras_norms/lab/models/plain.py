"""Plain convolutional network for small images (He et al. 2016, Section 4.2)."""

from __future__ import annotations

import keras
from keras import layers

from keras_norms.lab.models.blocks import classifier, conv_unit
from keras_norms.schemes import Scheme


def plain(
    scheme: Scheme,
    *,
    depth: int,
    width: int = 16,
    input_shape: tuple[int, ...],
    classes: int,
    activation: str = "relu",
    dropout: float = 0.0,
) -> keras.Model:
    """`depth - 1` convolutions of 3x3, each a unit, then a global average and a linear head.

    They stand in three stages of widths `width`, 2 and 4 times it, as evenly as they divide, the
    first stages taking what is left over; the second and third stage begin by halving the image.
    With a depth of 6 n + 2 that is the residual network of this depth without its shortcuts.
    """
    inputs = x = keras.Input(input_shape)
    for stage, convolutions in enumerate(convolutions_a_stage(depth)):
        for place in range(convolutions):
            strides = 2 if stage and not place else 1
            x = conv_unit(scheme, x, width * 2**stage, 3, activation, strides=strides)
    return classifier(layers.GlobalAveragePooling2D()(x), inputs, classes, dropout, "plain")


def convolutions_a_stage(depth: int) -> list[int]:
    """`depth - 1` convolutions over three stages; the head is the last weighted layer."""
    return [(depth - 1 + left) // 3 for left in (2, 1, 0)]
