"""Residual network for small images (He et al. 2016, Section 4.2)."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from keras_norms.lab.models.blocks import classifier, conv_unit
from keras_norms.schemes import Scheme


def resnet(
    scheme: Scheme,
    *,
    depth: int,
    width: int = 16,
    input_shape: tuple[int, ...],
    classes: int,
    activation: str = "relu",
    dropout: float = 0.0,
) -> keras.Model:
    """Three stages of `n` basic blocks, `depth = 6 n + 2`, widths `width`, 2 and 4 times it.

    The first block of the second and third stage halves the image. A shortcut is the identity or,
    where the shape changes, a 1x1 unit. The activation follows the addition.
    """
    blocks = (depth - 2) // 6  # of two convolutions each, and the stem and the head
    inputs = keras.Input(input_shape)
    x = conv_unit(scheme, inputs, width, 3, activation)
    for stage in range(3):
        for block in range(blocks):
            strides = 2 if stage and not block else 1
            x = _basic_block(scheme, x, width * 2**stage, strides, activation)
    return classifier(layers.GlobalAveragePooling2D()(x), inputs, classes, dropout, "resnet")


def _basic_block(scheme: Scheme, x: Any, filters: int, strides: int, activation: str) -> Any:
    branch = conv_unit(scheme, x, filters, 3, activation, strides=strides)
    branch = conv_unit(scheme, branch, filters, 3, None, init_for=activation)
    if strides != 1 or x.shape[-1] != filters:
        x = conv_unit(scheme, x, filters, 1, None, strides=strides, init_for=activation)
    return layers.Activation(activation)(layers.Add()([x, branch]))
