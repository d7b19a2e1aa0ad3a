"""How much a network computes: its multiply-adds, counted by its layers."""

from __future__ import annotations

import math

import keras
from keras import layers

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
