"""TensorFlow: reverse mode twice, since forward mode has no way through a custom gradient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_norms.probes.curvature.losses import Loss

ZERO = tf.UnconnectedGradients.ZERO


def gauss_newton(model: keras.Model, x: Any, loss: Loss) -> Callable[[Sequence[Any]], list[Any]]:
    """`J^T H J` times a direction, for the weights that the model has when it is called.

    `J^T u` is linear in `u`, so the gradient of `direction . J^T u` in `u` is `J direction`.
    """

    @tf.function(autograph=False)
    def product(direction: Sequence[tf.Tensor]) -> list[Any]:
        weights, rest = _values(model)
        with tf.GradientTape() as outer:
            with tf.GradientTape(persistent=True) as inner:
                inner.watch(weights)
                outputs: Any = model.stateless_call(weights, rest, x, training=True)[0]
            u = tf.zeros_like(outputs)
            outer.watch(u)
            pulled: Any = inner.gradient(outputs, weights, u, unconnected_gradients=ZERO)
        tangent = outer.gradient(pulled, u, list(direction), unconnected_gradients=ZERO)
        bent: Any = loss.bend(outputs, tangent)
        return inner.gradient(outputs, weights, bent, unconnected_gradients=ZERO)

    return product


def hessian(model: keras.Model, x: Any, loss: Loss) -> Callable[[Sequence[Any]], list[Any]]:
    """The loss's Hessian in the weights, times a direction."""

    @tf.function(autograph=False)
    def product(direction: Sequence[tf.Tensor]) -> list[Any]:
        weights, rest = _values(model)
        with tf.GradientTape() as outer:
            outer.watch(weights)
            with tf.GradientTape() as inner:
                inner.watch(weights)
                value = loss.value(model.stateless_call(weights, rest, x, training=True)[0])
            slope: Any = inner.gradient(value, weights, unconnected_gradients=ZERO)
        return outer.gradient(slope, weights, list(direction), unconnected_gradients=ZERO)

    return product


def _values(model: keras.Model) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
    weights = [tf.convert_to_tensor(variable.value) for variable in model.trainable_variables]
    return weights, [variable.value for variable in model.non_trainable_variables]
