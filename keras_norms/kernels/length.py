"""The Euclidean length of vectors, where no square overflows or vanishes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from keras_norms.kernels.native import native

Tensor = Any


def scaled_squares(x: Tensor, axes: Sequence[int]) -> tuple[Tensor, Tensor, Tensor]:
    """A scale, `z = x / scale` and `sum(z^2)`, so that the length of `x` is `scale * sqrt(sum)`.

    The scale is the largest size along `axes`, within limits whose reciprocal is a normal number,
    since XLA may multiply by it; float32 then holds every square from the smallest normal number
    to the largest. It carries no gradient, as no result depends on it. Of zeros the sum is zero.

    Args:
        x: floating tensor of at least float32.
        axes: non-negative axes of the vectors, kept; there may be none.
    """
    size = ops.abs(ops.stop_gradient(x))
    largest = native.largest(size, tuple(axes)) if axes else size
    limit = 1e300 if keras.backend.standardize_dtype(x.dtype) == "float64" else 1e30
    low = ops.where(largest < 1 / limit, 1 / limit, largest)
    scale = ops.where(largest > limit, limit, low)
    z = x / scale
    squares = ops.square(z)
    return scale, z, ops.sum(squares, axis=tuple(axes), keepdims=True) if axes else squares
