"""Which kernels a linear layer has, and along which axes one filter lies."""

from __future__ import annotations

from collections.abc import Sequence
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


def holder(layer: keras.layers.Layer) -> keras.layers.Layer:
    """Where a layer's kernels are: in a recurrent layer they are its cell's."""
    return layer.cell if isinstance(layer, keras.layers.RNN) else layer


def stored_kernels(layer: keras.layers.Layer, names: Sequence[str]) -> dict[str, keras.Variable]:
    """Like `kernels_of`, of the given names, and of layers with LoRA what is stored without it."""
    own = holder(layer)
    if own is not layer:  # what the inputs are multiplied by stays as it is
        names = [name for name in names if name.startswith("recurrent")]
    found = {}
    # Before it is built a layer raises AttributeError, and so has none.
    for name in names:
        value = getattr(own, name, None)
        value = value if isinstance(value, keras.Variable) else getattr(own, f"_{name}", None)
        if isinstance(value, keras.Variable):
            found[name] = value
    return found


def lora_of(
    layer: keras.layers.Layer, name: str
) -> tuple[keras.Variable, keras.Variable, float] | None:
    """The low-rank matrices `a` and `b` of `kernel + factor * a b`, and the factor, if enabled."""
    own: Any = holder(layer)
    if not getattr(own, "lora_enabled", False):
        return None
    a, b = (getattr(own, f"lora_{name}_{which}", None) for which in "ab")
    return None if a is None or b is None else (a, b, own.lora_alpha / own.lora_rank)


def filter_axes(layer: keras.layers.Layer, name: str) -> tuple[int, ...]:
    """The axes of one filter in the kernel `name` of a built layer: its fan-in.

    Along the other axes lie the output units. A dense kernel is (inputs, units), a convolution's
    (*space, inputs, units), a transposed one's (*space, units, inputs). A depthwise kernel is
    (*space, channels, multiplier): each of its filters sees one channel, so has spatial axes
    alone. In an `EinsumDense` a filter has the axes that the equation sums over. Embeddings are
    (tokens, units).
    """
    rank = len(getattr(holder(layer), name).shape)
    if isinstance(layer, keras.layers.EinsumDense):
        operands, outputs = layer.equation.replace(" ", "").split("->")
        labels = operands.split(",")[1]
        return tuple(axis for axis, label in enumerate(labels) if label not in outputs)
    if name == "depthwise_kernel" or isinstance(layer, _DEPTHWISE):
        return tuple(range(rank - 2))
    units = rank - 2 if isinstance(layer, _TRANSPOSED) else rank - 1
    return tuple(axis for axis in range(rank) if axis != units)
