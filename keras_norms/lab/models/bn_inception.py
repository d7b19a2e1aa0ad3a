"""BN-Inception, the network of Ioffe & Szegedy 2015, Figure 5."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras
from keras import layers

from keras_norms.lab.models.blocks import classifier, conv_unit
from keras_norms.lab.models.inception_module import Module, inception_module, scale
from keras_norms.lab.models.initializers import kernel_initializer
from keras_norms.lab.models.local_response import LocalResponseNormalization
from keras_norms.schemes import Scheme

STEM, REDUCE, SECOND = 64, 64, 192  # filters of the 7x7, and of the 1x1 and 3x3 after it
MULTIPLIER = 8  # of the separable first convolution

# The table as it is printed. The branches of 4c and 4d sum to 608 channels, and with these 4e to
# 1056, where the table prints 576, 576 and 1024; 3c and 4e print the size before they halve it.
FIGURE_5 = {
    "3a": Module(64, 64, 64, 64, 96, "average", 32),
    "3b": Module(64, 64, 96, 64, 96, "average", 64),
    "3c": Module(0, 128, 160, 64, 96, "max", 0),
    "4a": Module(224, 64, 96, 96, 128, "average", 128),
    "4b": Module(192, 96, 128, 96, 128, "average", 128),
    "4c": Module(160, 128, 160, 128, 160, "average", 128),
    "4d": Module(96, 128, 192, 160, 192, "average", 128),
    "4e": Module(0, 128, 192, 192, 256, "max", 0),
    "5a": Module(352, 192, 320, 160, 224, "average", 128),
    "5b": Module(352, 192, 320, 192, 224, "max", 128),
}
# The other completion: projections of 96 in 4c and 4d make the printed sums of channels true.
FIGURE_5_576 = FIGURE_5 | {row: replace(FIGURE_5[row], project=96) for row in ("4c", "4d")}

LEAST_PIXELS = 24  # at which the modules begin, where the image has them: 28 in the paper


def bn_inception(
    scheme: Scheme,
    *,
    width: int = STEM,
    input_shape: tuple[int, ...],
    classes: int,
    activation: str = "relu",
    dropout: float = 0.0,
    channels: str = "branches",
    local_response: bool = False,
) -> keras.Model:
    """The network of the paper at 224x224 pixels and `width` 64; slimmer and smaller at others.

    Every convolution is a unit; layers bear the names of the table's rows.

    Args:
        width: filters of the first convolution; all others have `width / 64` of the table's.
        input_shape: of the three halvings in front of the modules (the 7x7, two max pools), the
            last ones are left out where fewer than 24 pixels would remain: all at 32, one at 96.
        channels: what of the table is true: its "branches", or its "sums" (`FIGURE_5_576`).
        local_response: local response normalization after the first max pool and before the
            second, where GoogLeNet has it. Nothing in Figure 5 says so.

    Raises:
        ValueError: an image of fewer than 8x8 pixels.
    """
    if min(input_shape[:2]) < 8:
        raise ValueError(f"input_shape={input_shape} is smaller than 8x8 pixels")
    factor, halved = width / STEM, halvings(min(input_shape[:2]))

    def respond(x: Any) -> Any:
        return LocalResponseNormalization()(x) if local_response else x

    inputs = keras.Input(input_shape)
    first = layers.SeparableConv2D(
        scale(STEM, factor),
        7,
        strides=2 if halved > 0 else 1,
        padding="same",
        depth_multiplier=MULTIPLIER,
        depthwise_initializer=keras.initializers.RandomNormal(stddev=1 / 7),  # keeps the variance
        pointwise_initializer=kernel_initializer(activation),
        name="convolution_1",
    )
    x = scheme(first, activation)(inputs)
    if halved > 1:
        x = layers.MaxPooling2D(3, strides=2, padding="same", name="max_pool_1")(x)
    x = conv_unit(scheme, respond(x), scale(REDUCE, factor), 1, activation)
    x = respond(conv_unit(scheme, x, scale(SECOND, factor), 3, activation))
    if halved > 2:
        x = layers.MaxPooling2D(3, strides=2, padding="same", name="max_pool_2")(x)
    for row, module in (FIGURE_5_576 if channels == "sums" else FIGURE_5).items():
        x = inception_module(scheme, x, module.times(factor), activation, f"module_{row}")
    return classifier(layers.GlobalAveragePooling2D()(x), inputs, classes, dropout, "bn_inception")


def halvings(pixels: int) -> int:
    """How often the image is halved before the modules: while 24 pixels remain, at most 3 times."""
    return next((k for k in (3, 2, 1) if pixels >= LEAST_PIXELS * 2**k), 0)
