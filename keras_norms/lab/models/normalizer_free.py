"""Normalizer-free residual network (Brock, De & Smith 2021, arXiv 2101.08692)."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import layers

from keras_norms.lab.models.blocks import bare_conv, classifier
from keras_norms.normfree import SkipInit
from keras_norms.schemes import Scheme


def normalizer_free(
    scheme: Scheme,
    *,
    depth: int,
    width: int = 16,
    input_shape: tuple[int, ...],
    classes: int,
    activation: str = "relu",
    dropout: float = 0.0,
    alpha: float = 0.2,
) -> keras.Model:
    """Blocks `x + alpha f(x / beta)`, `depth = 6 n + 2`, widths `width`, 2 and 4 times it.

    `beta` is the standard deviation that `x` has at the start by count: its variance grows by
    `alpha^2` a block, and is `1 + alpha^2` after one whose shortcut is a convolution, which takes
    the activated `x / beta`. `f`: activation, 3x3, activation, 3x3, then one learned number that
    starts at zero. It preserves the variance where the scheme is "sws" and the activation "relu",
    for whose gain that scheme's weights are scaled.
    """
    inputs = keras.Input(input_shape)
    x = bare_conv(scheme, inputs, width, 3, activation)
    variance = 1.0
    for stage in range(3):
        for block in range((depth - 2) // 6):
            filters, strides = width * 2**stage, 2 if stage and not block else 1
            x, variance = _block(scheme, x, variance, filters, strides, activation, alpha)
    x = layers.GlobalAveragePooling2D()(layers.Activation(activation)(x))
    return classifier(x, inputs, classes, dropout, "normalizer_free")


def _block(
    scheme: Scheme,
    x: Any,
    variance: float,
    filters: int,
    strides: int,
    activation: str,
    alpha: float,
) -> tuple[Any, float]:
    """The output, and its variance by count."""
    before = layers.Activation(activation)(layers.Rescaling(1 / math.sqrt(variance))(x))
    added = bare_conv(scheme, before, filters, 3, activation, strides=strides)
    added = bare_conv(scheme, layers.Activation(activation)(added), filters, 3, activation)
    added = layers.Rescaling(alpha)(SkipInit()(added))
    if strides != 1 or x.shape[-1] != filters:
        x, variance = bare_conv(scheme, before, filters, 1, activation, strides=strides), 1.0
    return layers.Add()([x, added]), variance + alpha**2
