"""JAX: forward mode, then reverse mode."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import keras

from keras_norms.probes.curvature.losses import Loss


def gauss_newton(model: keras.Model, x: Any, loss: Loss) -> Callable[[Sequence[Any]], list[Any]]:
    """`J^T H J` times a direction, for the weights that the model has when it is called."""

    def product(weights: Any, rest: Any, x: Any, direction: Any) -> Any:
        def outputs(weights: Any) -> Any:
            return model.stateless_call(weights, rest, x, training=True)[0]

        value, tangent = jax.jvp(outputs, (weights,), (direction,))
        _, backward = jax.vjp(outputs, weights)
        return backward(loss.bend(value, tangent))[0]

    return _compiled(product, model, x)


def hessian(model: keras.Model, x: Any, loss: Loss) -> Callable[[Sequence[Any]], list[Any]]:
    """The loss's Hessian in the weights, times a direction."""

    def product(weights: Any, rest: Any, x: Any, direction: Any) -> Any:
        def value(weights: Any) -> Any:
            return loss.value(model.stateless_call(weights, rest, x, training=True)[0])

        return jax.jvp(jax.grad(value), (weights,), (direction,))[1]

    return _compiled(product, model, x)


def _compiled(product: Callable, model: keras.Model, x: Any) -> Callable:
    compiled = jax.jit(product)

    def call(direction: Sequence[Any]) -> list[Any]:
        weights = [variable.value for variable in model.trainable_variables]
        rest = [variable.value for variable in model.non_trainable_variables]
        return compiled(weights, rest, x, list(direction))

    return call
