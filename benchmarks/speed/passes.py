"""The backend's ways of running a layer forward, forward and backward, and training a model."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

import keras

Step = Callable[..., Any]


def forward(layer: keras.layers.Layer) -> dict[str, Step]:
    """mode -> x to y, in training; what the layer remembers is computed and kept."""
    training = in_training(layer)
    backend = keras.config.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        def step(x: Any) -> Any:
            return layer(x, **training)

        return {"eager": step, **_graphs(tf, step)}
    if backend == "jax":
        import jax

        program = jax.jit(partial(stateless, layer))

        def step(x: Any) -> Any:
            return program(*_values(layer), x)

        return {"jit": step}

    def step(x: Any) -> Any:
        return layer(x, **training)

    return {"eager": step}


def backward(layer: keras.layers.Layer, *, weights: bool = False) -> dict[str, Step]:
    """mode -> (x, dy) to (y, dx), with the gradients of the weights behind them if asked for."""
    training = in_training(layer)
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

        program = jax.jit(pulled(layer, weights=weights))

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


def training(model: keras.Model, rate: float = 1e-6) -> dict[str, Step]:
    """mode -> (x, dy) to the output: forward, backward from the output's gradient, and SGD.

    The gradient of the inputs, which no training needs, is not computed. On JAX the new weights
    are results of the program, and the next call starts from the old ones.

    Args:
        rate: the learning rate, small, so that a weight stays what it is over many calls.
    """
    backend = keras.config.backend()
    if backend == "jax":
        import jax

        pure = pulled(model, weights=True, inputs=False)

        def updated(values: Any, memory: Any, x: Any, dy: Any) -> Any:
            y, *slopes, memory = pure(values, memory, x, dy)
            return y, [v - rate * slope for v, slope in zip(values, slopes, strict=True)], memory

        program = jax.jit(updated)
        return {"jit": lambda x, dy: program(*_values(model), x, dy)}

    trained = list(model.trainable_variables)
    if backend == "tensorflow":
        import tensorflow as tf

        def step(x: Any, dy: Any) -> Any:
            with tf.GradientTape() as tape:
                y = model(x, training=True)
            values = [variable.value for variable in trained]
            for value, slope in zip(values, tape.gradient(y, values, dy), strict=True):
                value.assign_sub(rate * slope)
            return y

        return _graphs(tf, step)
    import torch

    def step(x: Any, dy: Any) -> Any:
        for variable in trained:
            variable.value.grad = None
        y = model(x, training=True)
        y.backward(dy)
        with torch.no_grad():
            for variable in trained:
                variable.value.sub_(variable.value.grad, alpha=rate)
        return y

    return {"eager": step}


def pulled(layer: keras.layers.Layer, *, weights: bool, inputs: bool = True) -> Step:
    """JAX: (values, memory, x, dy) to y, dx, the gradients of the weights, the new memory."""
    import jax

    def pure(values: Any, memory: Any, x: Any, dy: Any) -> Any:
        def call(x: Any, values: Any) -> Any:
            return stateless(layer, values, memory, x)

        (y, remembered), pull = jax.vjp(call, x, values)
        dx, slopes = pull((dy, jax.tree.map(lambda kept: kept * 0, remembered)))
        return y, *([dx] if inputs else []), *(slopes if weights else ()), remembered

    return pure


def stateless(layer: keras.layers.Layer, values: Any, memory: Any, x: Any) -> tuple[Any, list[Any]]:
    """The output in training and the new memory, from weights and memory that are given.

    `Layer.stateless_call` goes past `__call__`, and so past the cast of weights to the precision
    that the layer computes in.
    """
    trained, remembered = layer.trainable_variables, layer.non_trainable_variables
    given = [*zip(trained, values, strict=True), *zip(remembered, memory, strict=True)]
    with keras.StatelessScope(state_mapping=given) as scope:
        y = layer(x, **in_training(layer))
    after = [scope.get_current_value(variable) for variable in remembered]
    return y, [old if new is None else new for old, new in zip(memory, after, strict=True)]


def in_training(layer: keras.layers.Layer) -> dict[str, bool]:
    """The arguments of a call in training."""
    return {"training": True} if "training" in inspect.signature(layer.call).parameters else {}


def _graphs(tf: Any, step: Step) -> dict[str, Step]:
    tf.get_logger().setLevel("ERROR")  # that several layers are traced is meant
    modes = (("graph", False), ("XLA", True))
    return {name: tf.function(step, jit_compile=jit, autograph=False) for name, jit in modes}


def _values(layer: keras.layers.Layer) -> tuple[list[Any], list[Any]]:
    trained, kept = layer.trainable_variables, layer.non_trainable_variables
    return [v.value for v in trained], [v.value for v in kept]
