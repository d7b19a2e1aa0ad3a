"""One training step through a layer in float64, as arrays, on the running backend."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

import keras
import numpy as np

from benchmarks.speed.passes import backward


class Pass(NamedTuple):
    """Output, gradient of the inputs, and gradients of the weights in their order."""

    y: np.ndarray
    dx: np.ndarray
    weights: list[np.ndarray]


def double() -> AbstractContextManager:
    """JAX has float64 only where it is asked for; layers must be made inside as well."""
    if keras.config.backend() != "jax":
        return nullcontext()
    import jax

    return jax.enable_x64(True)


def stepper(layer: keras.layers.Layer) -> Callable[[np.ndarray, np.ndarray], Pass]:
    """(x, dy) to the forward and backward pass, in training; call it inside `double()`."""
    modes: dict[str, Callable] = {}

    def step(x: np.ndarray, dy: np.ndarray) -> Pass:
        if not modes:
            layer.built or layer.build(x.shape)
            modes.update(backward(layer, weights=True))
        run = modes.get("graph") or next(iter(modes.values()))
        y, dx, *weights = map(array, run(*map(keras.ops.convert_to_tensor, (x, dy))))
        return Pass(y, dx, weights)

    return step


def array(tensor) -> np.ndarray:
    return np.array(keras.ops.convert_to_numpy(tensor))
