"""Residual networks for small images (He et al. 2016, Section 4.2), and their variants."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from keras_norms import schemes
from keras_norms.lab.models.blocks import classifier, conv_unit, normalized, normalizes
from keras_norms.normfree import SkipInit
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
    branch: str = "plain",
    shortcut: int = 1,
    normalize: str = "all",
    activate: str = "sum",
) -> keras.Model:
    """Three stages of `n` basic blocks, `depth = 6 n + 2`, widths `width`, 2 and 4 times it.

    The first block of the second and third stage halves the image. A shortcut is the identity or,
    where the shape changes, a unit.

    Args:
        branch: how a residual branch ends: "plain", or "skipinit": multiplied by one learned
            number that starts at zero (De & Smith 2020).
        shortcut: pixels of the kernel of a shortcut that is a unit, 1 or 3 (Lubana et al. 2021).
        normalize: "all" units; or "last": the output of the last block alone, between the addition
            and the activation (Bjorck et al. 2018).
        activate: the "sum"; or the "branch" alone, before the addition, as an activation must be
            that is not its own fixed point (the scaled ReLU of Lubana et al. 2021).

    Raises:
        ValueError: the last output, and a scheme that normalizes no activations, or branches that
            are activated.
    """
    last = normalize == "last"
    if last and not normalizes(scheme):
        raise ValueError("normalize=last needs a normalizer of activations")
    branched = activate == "branch"
    if last and branched:
        raise ValueError("normalize=last stands before the activation of the sum: activate=sum")
    units = schemes.get("none") if last else scheme
    blocks = (depth - 2) // 6  # of two convolutions each, and the stem and the head
    inputs = keras.Input(input_shape)
    x = conv_unit(units, inputs, width, 3, activation)
    for stage in range(3):
        for block in range(blocks):
            strides = 2 if stage and not block else 1
            ends = activation if branched else None
            x = _added(units, x, width * 2**stage, strides, activation, branch, shortcut, ends)
            if last and stage == 2 and block == blocks - 1:
                x = normalized(scheme, x, activation, layers.Conv2D)
            elif not branched:
                x = layers.Activation(activation)(x)
    return classifier(layers.GlobalAveragePooling2D()(x), inputs, classes, dropout, "resnet")


def _added(
    scheme: Scheme,
    x: Any,
    filters: int,
    strides: int,
    activation: str,
    branch: str,
    shortcut: int,
    ends: str | None,
) -> Any:
    """The sum of a basic block, whose branch ends in the activation `ends`, if in any."""
    added = conv_unit(scheme, x, filters, 3, activation, strides=strides)
    added = conv_unit(scheme, added, filters, 3, ends, init_for=activation)
    if branch == "skipinit":
        added = SkipInit()(added)
    if strides != 1 or x.shape[-1] != filters:
        x = conv_unit(scheme, x, filters, shortcut, None, strides=strides, init_for=activation)
    return layers.Add()([x, added])
