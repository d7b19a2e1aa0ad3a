"""Residual networks with normalizer and activation before the convolutions."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from keras_norms.lab.models.blocks import bare_conv, classifier, normalized, preactivated_conv
from keras_norms.normfree import SkipInit
from keras_norms.schemes import Scheme


def preactivation_resnet(
    scheme: Scheme,
    *,
    depth: int,
    width: int = 16,
    input_shape: tuple[int, ...],
    classes: int,
    activation: str = "relu",
    dropout: float = 0.0,
    branch: str = "plain",
) -> keras.Model:
    """He et al. 2016 (arXiv 1603.05027): `depth = 6 n + 2`, widths `width`, 2 and 4 times it.

    A block adds to its input: normalizer, activation, 3x3, and the same again. Where the shape
    changes the shortcut is a 1x1 convolution of the input after its first normalizer and
    activation. A last normalizer and activation stand before the average. `branch` as in `resnet`.
    """
    widths = [width, 2 * width, 4 * width]
    return _network(
        scheme, (depth - 2) // 6, width, widths, input_shape, classes, activation, dropout, branch
    )


def wide_resnet(
    scheme: Scheme,
    *,
    depth: int,
    widen: int = 4,
    width: int = 16,
    input_shape: tuple[int, ...],
    classes: int,
    activation: str = "relu",
    dropout: float = 0.0,
    branch: str = "plain",
) -> keras.Model:
    """Zagoruyko & Komodakis 2016 (arXiv 1605.07146), WRN-depth-widen: `depth = 6 n + 4`.

    The pre-activation network with stages `widen` times as wide, and a stem that is not.
    """
    widths = [widen * width, 2 * widen * width, 4 * widen * width]
    return _network(
        scheme, (depth - 4) // 6, width, widths, input_shape, classes, activation, dropout, branch
    )


def _network(
    scheme: Scheme,
    blocks: int,
    stem: int,
    widths: list[int],
    input_shape: tuple[int, ...],
    classes: int,
    activation: str,
    dropout: float,
    branch: str,
) -> keras.Model:
    inputs = keras.Input(input_shape)
    x = bare_conv(scheme, inputs, stem, 3, activation)
    for stage, filters in enumerate(widths):
        for block in range(blocks):
            x = _block(scheme, x, filters, 2 if stage and not block else 1, activation, branch)
    x = normalized(scheme, x, activation, layers.Conv2D)
    x = layers.GlobalAveragePooling2D()(x)
    return classifier(x, inputs, classes, dropout, "preactivation_resnet")


def _block(scheme: Scheme, x: Any, filters: int, strides: int, activation: str, branch: str) -> Any:
    added, before = preactivated_conv(scheme, x, filters, 3, activation, strides=strides)
    added, _ = preactivated_conv(scheme, added, filters, 3, activation)
    if branch == "skipinit":
        added = SkipInit()(added)
    if strides != 1 or x.shape[-1] != filters:
        x = bare_conv(scheme, before, filters, 1, activation, strides=strides)
    return layers.Add()([x, added])
