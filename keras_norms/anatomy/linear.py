"""Which layers are linear in their inputs, and where their channels lie."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from keras_norms.weights.base import Reparameterization

CONVOLUTIONS = (keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.Conv3D)
DEPTHWISE = (keras.layers.DepthwiseConv1D, keras.layers.DepthwiseConv2D)
SEPARABLE = (keras.layers.SeparableConv1D, keras.layers.SeparableConv2D)
TRANSPOSED = (
    keras.layers.Conv1DTranspose,
    keras.layers.Conv2DTranspose,
    keras.layers.Conv3DTranspose,
)
# Exactly these: a subclass may do more than its weights say.
KINDS = {keras.layers.Dense, *CONVOLUTIONS, *DEPTHWISE, *SEPARABLE, *TRANSPOSED}


def is_linear(layer: object) -> bool:
    """Whether a layer, or what a weight reparameterization wraps, is one of `KINDS`."""
    inner = layer.layer if isinstance(layer, Reparameterization) else layer
    return type(inner) in KINDS


def output_channel(layer: keras.layers.Layer, rank: int) -> int:
    """The axis of a linear layer's channels in inputs or outputs of the given rank."""
    inner = layer.layer if isinstance(layer, Reparameterization) else layer
    return 1 if getattr(inner, "data_format", None) == "channels_first" else rank - 1


def array(variable: keras.Variable) -> np.ndarray:
    """The values of a variable in float64."""
    # NumPy has no bfloat16.
    known = ops.cast(variable.value, "float32") if variable.dtype == "bfloat16" else variable.value
    return ops.convert_to_numpy(known).astype("float64")
