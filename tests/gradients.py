"""One step through a layer on whichever backend Keras runs: output, gradients, new state."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

import keras
import numpy as np

BACKEND = keras.config.backend()
# The ways of running a step that are worth a test each. JAX compiles each operation that it runs
# eagerly, for every new shape: its eager mode is tested where a test calls a layer directly.
MODES = {"tensorflow": ("eager", "graph"), "jax": ("jit",), "torch": ("eager",)}[BACKEND]
# XLA takes half a second a program: tests/kernels tries it in full, each layer in one smoke test.
EVERY_MODE = (*MODES, "xla") if BACKEND == "tensorflow" else MODES
SWIFT = MODES[0]  # costs least where a test has many shapes
# What `jit_compile` may say; torch's compiler is no part of this, JAX without one is no use.
COMPILED = {"tensorflow": (False, True), "jax": (True,), "torch": (False,)}[BACKEND]
# Keras's `ops.matmul`, and so its Dense, rounds float64 to float32 on torch.
DENSE_LIMIT = 1e-6 if BACKEND == "torch" else 1e-10


class Pass(NamedTuple):
    """Arrays of one forward and backward pass; weights and state are keyed by their names."""

    output: np.ndarray
    inputs: np.ndarray
    weights: dict[str, np.ndarray]
    state: dict[str, np.ndarray]


def double() -> AbstractContextManager:
    """JAX has float64 only where it is asked for; weights must be made inside as well."""
    if BACKEND != "jax":
        return nullcontext()
    import jax

    return jax.enable_x64(True)


def array(tensor: Any) -> np.ndarray:
    """As NumPy; the half precisions, which NumPy has in part only, as float32."""
    if keras.backend.standardize_dtype(tensor.dtype) in ("float16", "bfloat16"):
        tensor = keras.ops.cast(tensor, "float32")
    return np.array(keras.ops.convert_to_numpy(tensor))


def state(layer: keras.layers.Layer) -> dict[str, np.ndarray]:
    """What the layer remembers, by name."""
    return {v.name: array(v.value) for v in layer.non_trainable_variables}


def randomize(layer: keras.layers.Layer, seed: int = 0) -> dict[str, np.ndarray]:
    """Give every trainable weight random values around one and return them in float64."""
    rng = np.random.default_rng(seed)
    for variable in layer.trainable_variables:
        variable.assign(rng.normal(1.0, 0.3, variable.shape))
    return {v.name: array(v.value).astype(np.float64) for v in layer.trainable_variables}


def program(layer: keras.layers.Layer, mode: str = SWIFT, **arguments: Any) -> Callable[..., Pass]:
    """A step(x, dy, mask) of the layer, compiled once a shape; the layer keeps its new state.

    `dy` is the gradient of the loss with respect to the output; None stands for ones.
    """
    run = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}[BACKEND](layer, mode, arguments)

    def step(x: Any, dy: np.ndarray | None, mask: np.ndarray | None = None) -> Pass:
        x = keras.ops.convert_to_tensor(x)
        layer.built or layer.build(tuple(x.shape))
        dy = np.ones(x.shape) if dy is None else dy
        dy = keras.ops.cast(keras.ops.convert_to_tensor(dy), layer.compute_dtype)
        y, dx, gradients = run(x, dy, None if mask is None else keras.ops.convert_to_tensor(mask))
        named = zip(layer.trainable_variables, gradients, strict=True)
        return Pass(array(y), array(dx), {v.name: array(g) for v, g in named}, state(layer))

    return step


def _tensorflow(layer: keras.layers.Layer, mode: str, arguments: dict) -> Callable:
    import tensorflow as tf

    def step(x, dy, mask):
        weights = [v.value for v in layer.trainable_variables]
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x, mask=mask, **arguments)
        zero = tf.UnconnectedGradients.ZERO
        dx, *gradients = tape.gradient(y, [x, *weights], dy, unconnected_gradients=zero)
        return y, dx, gradients

    if mode == "eager":
        return step
    return tf.function(step, jit_compile=mode == "xla", autograph=False)


def _jax(layer: keras.layers.Layer, mode: str, arguments: dict) -> Callable:
    import jax

    def pure(weights, remembered, x, dy, mask):
        def call(weights, x):
            return layer.stateless_call(weights, remembered, x, mask=mask, **arguments)

        y, backward, remembered = jax.vjp(call, weights, x, has_aux=True)
        gradients, dx = backward(dy)
        return y, dx, gradients, remembered

    compiled = jax.jit(pure) if mode == "jit" else pure

    def step(x, dy, mask):
        weights = [v.value for v in layer.trainable_variables]
        memory = layer.non_trainable_variables
        y, dx, gradients, remembered = compiled(weights, [v.value for v in memory], x, dy, mask)
        for variable, value in zip(memory, remembered, strict=True):
            variable.assign(value)
        return y, dx, gradients

    return step


def _torch(layer: keras.layers.Layer, mode: str, arguments: dict) -> Callable:
    import torch

    def step(x, dy, mask):
        x = x.detach().requires_grad_(True)
        weights = [v.value for v in layer.trainable_variables]
        y = layer(x, mask=mask, **arguments)
        gradients = torch.autograd.grad(y, [x, *weights], dy, allow_unused=True)
        zeros = (torch.zeros_like(v) for v in (x, *weights))
        dx, *rest = (z if g is None else g for z, g in zip(zeros, gradients, strict=True))
        return y, dx, rest

    return step
