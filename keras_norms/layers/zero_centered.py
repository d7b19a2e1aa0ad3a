"""A scale that is stored as its difference from one."""

from __future__ import annotations

from typing import Any

from keras import ops

Tensor = Any


def less_one(initializer: Any) -> Any:
    """What stores the scale that `initializer` gives."""

    def stored(shape: tuple[int, ...], dtype: Any = None) -> Tensor:
        return ops.subtract(initializer(shape, dtype=dtype), 1)

    return stored


def plus_one(weight: Tensor | None, zero_centered: bool) -> Tensor | None:
    """The scale, of a weight in the precision of the arithmetic."""
    return weight + 1 if zero_centered and weight is not None else weight
