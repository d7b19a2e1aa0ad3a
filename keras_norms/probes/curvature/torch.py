"""torch: reverse mode twice, since not every operation has a forward mode."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import torch

from keras_norms.probes.curvature.losses import Loss


def gauss_newton(model: keras.Model, x: Any, loss: Loss) -> Callable[[Sequence[Any]], list[Any]]:
    """`J^T H J` times a direction, for the weights that the model has when it is called.

    `J^T u` is linear in `u`, so the gradient of `direction . J^T u` in `u` is `J direction`.
    """

    def product(direction: Sequence[Any]) -> list[Any]:
        weights, outputs = _outputs(model, x)
        u = torch.zeros_like(outputs, requires_grad=True)
        pulled = _gradient(outputs, weights, u, create_graph=True)
        (tangent,) = _gradient(pulled, [u], list(direction), retain_graph=True)
        with torch.no_grad():
            bent = loss.bend(outputs, tangent)
        return list(_gradient(outputs, weights, bent))

    return product


def hessian(model: keras.Model, x: Any, loss: Loss) -> Callable[[Sequence[Any]], list[Any]]:
    """The loss's Hessian in the weights, times a direction."""

    def product(direction: Sequence[Any]) -> list[Any]:
        weights, outputs = _outputs(model, x)
        slope = _gradient(loss.value(outputs), weights, create_graph=True)
        return list(_gradient(slope, weights, list(direction)))

    return product


def _outputs(model: keras.Model, x: Any) -> tuple[list[torch.Tensor], torch.Tensor]:
    weights = [v.value.detach().requires_grad_() for v in model.trainable_variables]
    rest = [variable.value for variable in model.non_trainable_variables]
    # Dropout draws from the process's one generator: the same each time, or there is no matrix.
    with torch.random.fork_rng(), torch.enable_grad():
        torch.manual_seed(0)
        return weights, model.stateless_call(weights, rest, x, training=True)[0]


def _gradient(of: Any, by: Any, upstream: Any = None, **options: Any) -> tuple[torch.Tensor, ...]:
    return torch.autograd.grad(of, by, upstream, materialize_grads=True, **options)
