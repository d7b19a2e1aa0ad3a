"""How much a network computes and holds: its multiply-adds and parameters, counted by its layers."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import layers

import keras_norms
from keras_norms.lab.models.bn_inception import bn_inception

OPERATIONS = 2  # a multiplication and an addition
PASSES = 3  # forward, and backward to the inputs and to the kernels


def step_operations(model: keras.Model, batch: int) -> int:
    """Floating-point operations of a training step: `3 x 2 x multiply_adds(model) x batch`."""
    return PASSES * OPERATIONS * multiply_adds(model) * batch


def multiply_adds(model: keras.Model) -> int:
    """Those of convolutions and dense layers for one example, forward; all else is left out."""
    return sum(_of_layer(layer) for layer in model.layers)


def _of_layer(layer: keras.layers.Layer) -> int:
    """Each value of a kernel is used once at each place of the output."""
    if isinstance(layer, layers.Dense):
        return math.prod(layer.kernel.shape) * math.prod(layer.output.shape[1:-1])
    if isinstance(layer, layers.Conv2D):
        return math.prod(layer.kernel.shape) * math.prod(layer.output.shape[1:-1])
    if isinstance(layer, layers.SeparableConv2D):
        kernels = layer.depthwise_kernel, layer.pointwise_kernel
        places = math.prod(layer.output.shape[1:-1])
        return sum(math.prod(kernel.shape) for kernel in kernels) * places
    return 0


def built(*, channels: str, rows: list[str]) -> dict[str, Any]:
    """The network of Figure 5: the output shape of some layers, and the number of trained values.

    Args:
        channels: see `keras_norms.lab.models.bn_inception`.
        rows: names of layers.
    """
    network = bn_inception(
        keras_norms.get("batch"), input_shape=(224, 224, 3), classes=1000, channels=channels
    )
    shapes = {row: network.get_layer(row).output.shape[1:] for row in rows}
    return {
        "shapes": {row: "×".join(map(str, shape)) for row, shape in shapes.items()},
        "parameters": sum(math.prod(variable.shape) for variable in network.trainable_variables),
    }
