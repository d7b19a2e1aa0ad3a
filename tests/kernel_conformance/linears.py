"""The linear layers that weight normalizers go around, and a step of one."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np
from keras import layers

from keras_norms.weights import Reparameterization
from tests import gradients
from tests.gradients import SWIFT


class Linear(NamedTuple):
    """A linear layer, the inputs it takes, and by hand the axes of one filter in each kernel."""

    make: Callable[..., keras.layers.Layer]
    shape: tuple[int, ...]
    fan: dict[str, tuple[int, ...]]


LINEARS = {
    "dense": Linear(lambda **o: layers.Dense(3, **o), (4, 5), {"kernel": (0,)}),
    "einsum": Linear(
        lambda **o: layers.EinsumDense("abc,cde->abde", (None, 2, 3), bias_axes="de", **o),
        (2, 3, 4),
        {"kernel": (0,)},
    ),
    "conv1d": Linear(lambda **o: layers.Conv1D(3, 2, **o), (2, 5, 4), {"kernel": (0, 1)}),
    "conv2d": Linear(
        lambda **o: layers.Conv2D(3, (2, 3), strides=2, padding="same", **o),
        (2, 4, 5, 2),
        {"kernel": (0, 1, 2)},
    ),
    "groups": Linear(
        lambda **o: layers.Conv2D(4, 2, groups=2, **o), (2, 4, 3, 4), {"kernel": (0, 1, 2)}
    ),
    "conv3d": Linear(
        lambda **o: layers.Conv3D(2, 2, **o), (2, 3, 3, 2, 2), {"kernel": (0, 1, 2, 3)}
    ),
    "depthwise1d": Linear(
        lambda **o: layers.DepthwiseConv1D(3, depth_multiplier=2, **o), (2, 5, 3), {"kernel": (0,)}
    ),
    "depthwise2d": Linear(
        lambda **o: layers.DepthwiseConv2D(2, **o), (2, 4, 3, 3), {"kernel": (0, 1)}
    ),
    "separable1d": Linear(
        lambda **o: layers.SeparableConv1D(3, 2, depth_multiplier=2, **o),
        (2, 5, 2),
        {"depthwise_kernel": (0,), "pointwise_kernel": (0, 1)},
    ),
    "separable2d": Linear(
        lambda **o: layers.SeparableConv2D(3, 2, **o),
        (2, 4, 3, 2),
        {"depthwise_kernel": (0, 1), "pointwise_kernel": (0, 1, 2)},
    ),
    "transpose1d": Linear(
        lambda **o: layers.Conv1DTranspose(3, 2, **o), (2, 4, 2), {"kernel": (0, 2)}
    ),
    "transpose2d": Linear(
        lambda **o: layers.Conv2DTranspose(3, 2, strides=2, **o),
        (2, 3, 2, 4),
        {"kernel": (0, 1, 3)},
    ),
    "transpose3d": Linear(
        lambda **o: layers.Conv3DTranspose(2, 2, **o), (2, 2, 3, 2, 2), {"kernel": (0, 1, 2, 4)}
    ),
}
# Of the kernels: no filter has so small a spread that differences of step 1e-5 are inexact.
SEED = 207
# Where it is the computation of the kernel that matters and not the layer.
FEW = ("dense", "conv2d", "separable2d")
POLICIES = {"mixed_float16": 5e-3, "mixed_bfloat16": 4e-2, "float16": 1e-2, "bfloat16": 8e-2}


class MaskTaking(layers.Wrapper):
    """Linear layers have no `mask` argument, which `program` passes."""

    def call(self, inputs, training=None, mask=None):
        if isinstance(self.layer, Reparameterization):
            return self.layer(inputs, training=training)
        return self.layer(inputs)


def program(layer, mode=SWIFT, **arguments):
    """A step of a linear layer, see `tests.gradients.program`."""
    return gradients.program(MaskTaking(layer, dtype=layer.dtype_policy), mode, **arguments)


def ones(layer, x):
    """Of the shape of the layer's output."""
    return np.ones(tuple(layer(x).shape))
