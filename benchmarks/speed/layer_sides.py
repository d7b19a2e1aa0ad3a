"""The sides of a layer's cell: ours, Keras's own, the framework's operation, and the floor.

A weight normalizer is measured around a linear layer (1x1 convolution or dense) with as many
outputs as inputs; its floor is that linear layer alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

import keras_norms
from benchmarks.speed.cells import (
    AGAIN,
    BACKWARD,
    FLOOR,
    KERAS,
    NATIVE,
    OURS,
    Cell,
    normalizers,
)
from benchmarks.speed.native import GROUPS, Floor, Native, has_native
from benchmarks.speed.passes import backward, forward

Layer = keras.layers.Layer

_KERAS: dict[str, Callable[[], Layer]] = {
    "batch": lambda: keras.layers.BatchNormalization(momentum=0.9),
    "group": lambda: keras.layers.GroupNormalization(GROUPS),
    "instance": lambda: keras.layers.GroupNormalization(-1),
    "layer": keras.layers.LayerNormalization,
    "rms": keras.layers.RMSNormalization,
    "unit": keras.layers.UnitNormalization,
}


@contextmanager
def precision(dtype: str) -> Iterator[None]:
    """Layers made herein compute in `dtype` and keep their weights in float32."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32" if dtype == "float32" else f"mixed_{dtype}")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def made(cell: Cell) -> dict[str, Layer]:
    """The cell's sides, built; the floor first, which pays for what comes first in a process."""
    with precision(cell.dtype):
        sides = {FLOOR: _floor(cell), OURS: _ours(cell)}
        if cell.name in _KERAS:
            sides[KERAS] = _KERAS[cell.name]()
        elif cell.name == "spectral":
            sides[KERAS] = keras.layers.SpectralNormalization(_linear(cell))
        if has_native(cell.name, cell.mode):
            sides[NATIVE] = Native(cell.name)
        sides[AGAIN] = _ours(cell)
        for layer in sides.values():
            layer.build(cell.sizes)
    return sides


def calls(cell: Cell) -> dict[str, Callable[[], Any]]:
    """What is timed: the work of each side on the same inputs."""
    x, dy = inputs(cell), inputs(cell)
    sides = {}
    for side, layer in made(cell).items():
        if cell.work == BACKWARD:
            step, given = backward(layer, weights=True)[cell.mode], (x, dy)
        else:
            step, given = forward(layer)[cell.mode], (x,)
        sides[side] = lambda step=step, given=given: step(*given)
    return sides


def inputs(cell: Cell) -> Any:
    x = np.random.default_rng(0).normal(size=cell.sizes).astype("float32")
    return keras.ops.convert_to_tensor(x, dtype=cell.dtype)


def _linear(cell: Cell) -> Layer:
    channels = cell.sizes[-1]
    if len(cell.sizes) == 4:
        return keras.layers.Conv2D(channels, 1)
    return keras.layers.Dense(channels)


def _ours(cell: Cell) -> Layer:
    linear, scheme = _linear(cell), keras_norms.get(normalizers()[cell.name])
    layers = scheme.follow(linear, None) or [scheme.wrap(linear)]
    return layers[0] if len(layers) == 1 else keras.Sequential(layers)


def _floor(cell: Cell) -> Layer:
    scheme = keras_norms.get(normalizers()[cell.name])
    linear = _linear(cell)
    return Floor() if scheme.follow(linear, None) else linear
