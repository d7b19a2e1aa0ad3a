"""The initial kernels of linear layers: those of the model's builder, or one family for all."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

import keras

from keras_norms.lab.specs import Chosen

RECTIFIERS = ("relu", "leaky_relu", "elu", "selu", "gelu", "silu", "swish")
DEFAULT = "default"

_chosen: ContextVar[Chosen | None] = ContextVar("initializer", default=None)


@contextlib.contextmanager
def initialized_by(chosen: Chosen) -> Iterator[None]:
    """Models that are built inside have the kernels that `chosen` says."""
    token = _chosen.set(None if chosen.name == DEFAULT else chosen)
    try:
        yield
    finally:
        _chosen.reset(token)


def kernel_initializer(activation: Any) -> keras.initializers.Initializer:
    """Of a kernel before `activation`, new each time: one that is shared gives equal values.

    He normal (He et al. 2015) before rectifiers, Glorot normal (Glorot & Bengio 2010) before the
    rest, where the run leaves it to the builder. Else, with the kernel's fan-in n and fan-out m, a
    truncated normal of mean 0 and variance gain^2 times

        he      2 / n            xavier      2 / (n + m)
        lecun   1 / n            orthogonal  orthonormal rows or columns (Saxe et al. 2014)
    """
    chosen = _chosen.get()
    if chosen is None:
        return keras.initializers.get("he_normal" if activation in RECTIFIERS else "glorot_normal")
    gain = chosen.arguments["gain"]
    if chosen.name == "orthogonal":
        return keras.initializers.Orthogonal(gain=gain)
    scale, mode = {"he": (2.0, "fan_in"), "xavier": (1.0, "fan_avg"), "lecun": (1.0, "fan_in")}[
        chosen.name
    ]
    return keras.initializers.VarianceScaling(scale * math.pow(gain, 2), mode, "truncated_normal")


def head_initializer() -> keras.initializers.Initializer:
    """Of the last layer, before a softmax."""
    return kernel_initializer("softmax")
