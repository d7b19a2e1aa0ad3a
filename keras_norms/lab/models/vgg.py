"""Convolutional networks without shortcuts, by their tables."""

from __future__ import annotations

import keras
from keras import layers

from keras_norms.lab.models.blocks import classifier, conv_unit
from keras_norms.lab.models.initializers import head_initializer
from keras_norms.schemes import Scheme

POOL = 0
# Convolutions a stage, of Simonyan & Zisserman 2015, Table 1, A, B, D and E; 6 and 8 are smaller.
VGG = {
    6: (1, 1, 1, 1, 1),
    8: (1, 1, 1, 2, 2),
    11: (1, 1, 2, 2, 2),
    13: (2, 2, 2, 2, 2),
    16: (2, 2, 3, 3, 3),
    19: (2, 2, 4, 4, 4),
}
# Lubana et al. 2021: width over that of the first, and how many convolutions before the one that
# halves the image; the last stage has no such one.
CFG = {
    10: ((1, 1), (2, 1), (4, 1), (8, 1), (8, 2)),
    20: ((1, 3), (2, 3), (4, 3), (4, 3), (8, 4)),
    40: ((1, 7), (2, 7), (4, 7), (8, 7), (8, 8)),
}


def vgg(
    scheme: Scheme,
    *,
    depth: int,
    width: int = 64,
    input_shape: tuple[int, ...],
    classes: int,
    activation: str = "relu",
    dropout: float = 0.0,
) -> keras.Model:
    """VGG with one dense layer, as it is used on CIFAR: 3x3 convolutions, max pools between.

    Five stages of `width`, 2, 4, 8 and 8 times it. A pool ends each while the image is larger than
    one pixel; what is left is averaged.

    Args:
        depth: weighted layers as the paper counts, with its three dense layers from 11 on; 6 and 8
            count one.
    """
    inputs = x = keras.Input(input_shape)
    for stage, convolutions in enumerate(VGG[depth]):
        for _ in range(convolutions):
            x = conv_unit(scheme, x, width * min(8, 2**stage), 3, activation)
        if min(x.shape[1:3]) > 1:
            x = layers.MaxPooling2D()(x)
    return classifier(layers.GlobalAveragePooling2D()(x), inputs, classes, dropout, "vgg")


def cfg(
    scheme: Scheme,
    *,
    depth: int,
    width: int = 64,
    input_shape: tuple[int, ...],
    classes: int,
    activation: str = "relu",
    dropout: float = 0.0,
) -> keras.Model:
    """cfg_10, cfg_20 or cfg_40 of Lubana et al. 2021 (arXiv 2106.05956).

    `depth` convolutions of 3x3 from `width` to 8 times it, of which the last of each of the first
    four stages has stride 2; then an average and a linear head.
    """
    inputs = x = keras.Input(input_shape)
    for stage, (times, convolutions) in enumerate(CFG[depth]):
        for _ in range(convolutions):
            x = conv_unit(scheme, x, times * width, 3, activation)
        if stage < len(CFG[depth]) - 1:
            x = conv_unit(scheme, x, times * width, 3, activation, strides=2)
    return classifier(layers.GlobalAveragePooling2D()(x), inputs, classes, dropout, "cfg")


def all_convolutional(
    scheme: Scheme,
    *,
    width: int = 96,
    input_shape: tuple[int, ...],
    classes: int,
    activation: str = "relu",
    dropout: float = 0.0,
) -> keras.Model:
    """All-CNN-C of Springenberg et al. 2015 (arXiv 1412.6806), Table 1; 96 wide in the paper.

    3x3 of `width`, `width`, and `width` with stride 2; the same twice as wide; 3x3 and 1x1 twice as
    wide; 1x1 to the classes, averaged. Nothing normalizes or activates the last one.
    """
    inputs = x = keras.Input(input_shape)
    for filters in (width, 2 * width):
        for strides in (1, 1, 2):
            x = conv_unit(scheme, x, filters, 3, activation, strides=strides)
    x = conv_unit(scheme, x, 2 * width, 3, activation)
    x = conv_unit(scheme, x, 2 * width, 1, activation)
    if dropout:
        x = layers.Dropout(dropout)(x)
    head = layers.Conv2D(classes, 1, kernel_initializer=head_initializer(), dtype="float32")
    pool = layers.GlobalAveragePooling2D(dtype="float32")
    return keras.Model(inputs, pool(head(x)), name="all_convolutional")
