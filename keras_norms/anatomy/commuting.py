"""What an affine map per channel may be moved across without changing the outputs."""

from __future__ import annotations

from typing import Any

import keras

_K = keras.layers
_NOISE = (  # at inference each value is left as it is
    _K.Dropout, _K.SpatialDropout1D, _K.SpatialDropout2D, _K.SpatialDropout3D, _K.GaussianDropout,
    _K.GaussianNoise, _K.AlphaDropout,
)  # fmt: skip
_ALONE = (_K.ActivityRegularization, _K.Identity)
_AVERAGING = (_K.AveragePooling1D, _K.AveragePooling2D, _K.AveragePooling3D)
_GLOBAL = (
    _K.GlobalAveragePooling1D, _K.GlobalAveragePooling2D, _K.GlobalAveragePooling3D,
)  # fmt: skip
_CHOOSING = (
    _K.UpSampling1D, _K.UpSampling2D, _K.UpSampling3D,
    _K.Cropping1D, _K.Cropping2D, _K.Cropping3D,
)  # fmt: skip


def passes(layer: Any, channel: int, rank: int, training: bool = False) -> bool:
    """Whether `layer(a * x + b) == a * layer(x) + b` at inference, a and b per channel.

    So for weighted means over space whose weights sum to one: averages without padding,
    interpolation, cropping; and for what does nothing at inference. Not for padding, whose zeros
    are not b, nor for maxima, which a negative `a` turns into minima.

    Args:
        layer: of the exact types above; anything else does not pass.
        channel: axis of the channels of the layer's inputs.
        rank: of the layer's inputs.
        training: whether the layer may be called as in training, where noise is no identity.
    """
    kind = type(layer)
    if kind in _NOISE:
        return not training
    if kind in _ALONE:
        return True
    if kind is _K.Activation:
        return layer.activation is keras.activations.linear
    if kind in _AVERAGING and layer.padding != "valid":
        return False
    if kind is _K.UpSampling2D and layer.interpolation not in ("nearest", "bilinear"):
        return False
    return kind in (*_AVERAGING, *_GLOBAL, *_CHOOSING) and channel == _channel(layer, rank)


def channel_after(layer: Any, channel: int) -> int:
    """The axis of the channels behind a layer that passes."""
    return 1 if type(layer) in _GLOBAL and not layer.keepdims else channel


def channel_before(layer: Any, channel: int, rank: int) -> int:
    """The axis of the channels in a layer's inputs, of the given rank, from that in its outputs."""
    return _channel(layer, rank) if type(layer) in _GLOBAL else channel


def _channel(layer: Any, rank: int) -> int:
    return 1 if getattr(layer, "data_format", None) == "channels_first" else rank - 1
