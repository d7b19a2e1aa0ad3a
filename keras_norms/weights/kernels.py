"""Which kernels a linear layer has, and along which axes one filter lies."""

from __future__ import annotations

from typing import Any

import keras

Tensor = Any

# The kernels of Keras's linear layers, by attribute.
KERNELS = ("kernel", "depthwise_kernel", "pointwise_kernel")

_TRANSPOSED = (
    keras.layers.Conv1DTranspose,
    keras.layers.Conv2DTranspose,
    keras.layers.Conv3DTranspose,
)
_DEPTHWISE = (keras.layers.DepthwiseConv1D, keras.layers.DepthwiseConv2D)


def kernels_of(layer: keras.layers.Layer) -> dict[str, keras.Variable]:
    """The kernels of a built layer, by attribute; none where it is not linear, or not built."""
    found = {name: getattr(layer, name, None) for name in KERNELS}
    return {name: value for name, value in found.items() if isinstance(value, keras.Variable)}


def filter_axes(layer: keras.layers.Layer, name: str) -> tuple[int, ...]:
    """The axes of one filter in the kernel `name` of a built layer: its fan-in.

    Along the other axes lie the output units. A dense kernel is (inputs, units), a convolution's
    (*space, inputs, units), a transposed one's (*space, units, inputs). A depthwise kernel is
    (*space, channels, multiplier): each of its filters sees one channel, so has spatial axes
    alone. In an `EinsumDense` a filter has the axes that the equation sums over.
    """
    rank = len(getattr(layer, name).shape)
    if isinstance(layer, keras.layers.EinsumDense):
        operands, outputs = layer.equation.replace(" ", "").split("->")
        labels = operands.split(",")[1]
        return tuple(axis for axis, label in enumerate(labels) if label not in outputs)
    if name == "depthwise_kernel" or isinstance(layer, _DEPTHWISE):
        return tuple(range(rank - 2))
    units = rank - 2 if isinstance(layer, _TRANSPOSED) else rank - 1
    return tuple(axis for axis in range(rank) if axis != units)
