"""A lower bound that leaves the precision alone."""

from __future__ import annotations

from typing import Any

from keras import ops

Tensor = Any


def at_least(x: Tensor, least: Tensor | float) -> Tensor:
    """`max(x, least)` in the precision of `x`, where `ops.maximum` rounds float64 on torch."""
    return ops.where(x > least, x, least)
