"""Gradients on JAX."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax


def compiled(function: Callable, differentiate: bool) -> Callable:
    """`function(trainable, *rest)` to loss and more, compiled to give gradients as well."""

    def step(trainable: list[jax.Array], *rest: Any) -> tuple[Any, Any, list]:
        if not differentiate:
            return *function(trainable, *rest), []
        found, gradients = jax.value_and_grad(function, has_aux=True)(trainable, *rest)
        return *found, gradients

    return jax.jit(step)
