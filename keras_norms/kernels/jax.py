"""JAX: XLA already fuses and rematerializes the plain formula, so autodiff is left to it.

A `custom_vjp` measured within 10 % of it for batch and instance normalization and would take
away forward-mode differentiation.
"""

from __future__ import annotations

from typing import Any

import jax

HAND_WRITTEN_GRADIENT = False


def is_eager(x: Any) -> bool:
    """Whether `x` holds values now, outside of any tracing."""
    return not isinstance(x, jax.core.Tracer)


def fused_batch_standardize(*arguments: Any, **options: Any) -> None:
    """No fused operation beats XLA's own fusion of the plain formula."""
    return None
