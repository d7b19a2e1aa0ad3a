"""The backend's ways of running a layer forward, and forward and backward."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import keras

Step = Callable[..., Any]


def forward(layer: keras.layers.Layer) -> dict[str, Step]:
    """mode -> x to y, in training; what the layer remembers is computed and kept."""
    training = _training(layer)
    backend = keras.config.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        def step(x: Any) -> Any:
            return layer(x, **training)

        return {"eager": step, **_graphs(tf, step)}
    if backend == "jax":
        import jax

        program = jax.jit(
            lambda weights, memory, x: layer.stateless_call(weights, memory, x, **training)
        )

        def step(x: Any) -> Any:
            return program(*_values(layer), x)

        return {"jit": step}

    def step(x: Any) -> Any:
        return layer(x, **training)

    return {"eager": step}


def backward(layer: keras.layers.Layer, *, weights: bool = False) -> dict[str, Step]:
    """mode -> (x, dy) to (y, dx), with the gradients of the weights behind them if asked for."""
    training = _training(layer)
    backend = keras.config.backend()
    trained = list(layer.trainable_variables) if weights else []
    if backend == "tensorflow":
        import tensorflow as tf

        def step(x: Any, dy: Any) -> Any:
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = layer(x, **training)
            return y, *tape.gradient(y, [x, *(v.value for v in trained)], dy)

        return {"eager": step, **_graphs(tf, step)}
    if backend == "jax":
        import jax

        def pure(values: Any, memory: Any, x: Any, dy: Any) -> Any:
            def call(x: Any, values: Any) -> Any:
                return layer.stateless_call(values, memory, x, **training)

            (y, memory), pull = jax.vjp(call, x, values)
            dx, slopes = pull((dy, jax.tree.map(lambda kept: kept * 0, memory)))
            return y, dx, *(slopes if weights else ()), memory

        program = jax.jit(pure)

        def step(x: Any, dy: Any) -> Any:
            return program(*_values(layer), x, dy)[:-1]

        return {"jit": step}

    def step(x: Any, dy: Any) -> Any:
        x = x.detach().requires_grad_(True)
        for variable in trained:
            variable.value.grad = None
        y = layer(x, **training)
        y.backward(dy)
        return y, x.grad, *(variable.value.grad for variable in trained)

    return {"eager": step}


def _training(layer: keras.layers.Layer) -> dict[str, bool]:
    return {"training": True} if "training" in inspect.signature(layer.call).parameters else {}


def _graphs(tf: Any, step: Step) -> dict[str, Step]:
    tf.get_logger().setLevel("ERROR")  # that several layers are traced is meant
    modes = (("graph", False), ("XLA", True))
    return {name: tf.function(step, jit_compile=jit, autograph=False) for name, jit in modes}


def _values(layer: keras.layers.Layer) -> tuple[list[Any], list[Any]]:
    trained, kept = layer.trainable_variables, layer.non_trainable_variables
    return [v.value for v in trained], [v.value for v in kept]
