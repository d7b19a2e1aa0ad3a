"""Mean and variance over axes: shifted, so exact at any mean; masked; never negative."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from keras import ops

Tensor = Any

# One value in this many is sampled for the shift: the pass over the sample is nearly free, and
# the cancellation in E[z^2] - E[z]^2 stays below this factor for any data whatever.
SAMPLE_STRIDE = 64


class Moments(NamedTuple):
    """Statistics of `x` over some axes, kept as dimensions of size one.

    The mean is held as the sum of two numbers, since one float32 cannot hold it: at a mean of 1e4
    its rounding alone is 1e-3 deviations. `centre` subtracts both, one after the other.
    """

    shift: Tensor  # near the mean, without gradient
    offset: Tensor  # mean of x - shift
    variance: Tensor  # biased: divided by the number of values
    count: Tensor  # how many values each statistic has seen; zero where all were masked

    @property
    def mean(self) -> Tensor:
        return self.shift + self.offset

    def centre(self, x: Tensor) -> Tensor:
        """`x - mean`, exact where the mean is large against the deviation."""
        return (x - self.shift) - self.offset


def moments(x: Tensor, axes: Sequence[int], visible: Tensor | None = None) -> Moments:
    """Mean and biased variance of `x` over `axes`.

    Formula: with any constant `s`, `z = x - s`, `mean = s + E[z]` and `var = E[z^2] - E[z]^2`.
    Taking `s` from a sample of the very values that are averaged bounds the cancellation: the
    mean of a fraction `f` of the values lies within `std / sqrt(f)` of the mean of all.

    Args:
        x: floating tensor of at least float32.
        axes: non-negative axes to reduce.
        visible: boolean tensor that broadcasts to `x`; only visible values count, and hidden
            ones must be finite. A statistic
            that sees no value is computed from all of them, and its `count` says zero.

    Returns:
        `Moments`, each of the rank of `x` with size one along `axes`.
    """
    if not axes:  # each value is its own mean; some backends read "no axes" as "all axes"
        still = ops.stop_gradient(x)
        return Moments(still, x - still, ops.zeros_like(x), ops.ones_like(x))
    if visible is not None:
        return _masked_moments(x, axes, visible)
    count = ops.cast(value_count(x, axes), x.dtype)
    at_least_one = ops.maximum(count, 1)
    shift = sample_mean(x, axes)
    z = x - shift
    offset = ops.sum(z, axis=axes, keepdims=True) / at_least_one
    square = ops.sum(ops.square(z), axis=axes, keepdims=True) / at_least_one
    variance = ops.relu(square - ops.square(offset))  # maximum would round float64 on torch
    return Moments(shift, offset, variance, count)


def mean_square(x: Tensor, axes: Sequence[int], visible: Tensor | None = None) -> Moments:
    """The uncentred second moment `E[x^2]` over `axes`, as `Moments` around zero."""
    zero = ops.zeros_like(ops.sum(x, axis=axes, keepdims=True))
    if visible is None:
        count = ops.cast(value_count(x, axes), x.dtype)
        square = ops.sum(ops.square(x), axis=axes, keepdims=True) / ops.maximum(count, 1)
    else:
        seen, count, visible = _visible_count(x, axes, visible)
        square = _visible_mean(ops.square(x), axes, visible, seen)
    return Moments(zero, zero, square, count)


def sample_mean(x: Tensor, axes: Sequence[int]) -> Tensor:
    """Mean of every 64th slice of `x` along its longest reduced axis, without gradient.

    Added to the first value rather than averaged alone, so that constants give exactly
    themselves; the first value alone would not bound the cancellation.
    """
    x = ops.stop_gradient(x)
    longest = max(axes, key=lambda axis: x.shape[axis] or SAMPLE_STRIDE)
    every = [slice(None)] * len(x.shape)
    every[longest] = slice(None, None, SAMPLE_STRIDE)
    first = [slice(0, 1) if axis in axes else slice(None) for axis in range(len(x.shape))]
    sample = x[tuple(every)]
    # The sum of one value (or of none, in an empty batch) instead of the value itself.
    origin = ops.sum(x[tuple(first)], axis=axes, keepdims=True)
    count = ops.cast(ops.maximum(value_count(sample, axes), 1), x.dtype)
    return ops.stop_gradient(origin + ops.sum(sample - origin, axis=axes, keepdims=True) / count)


def value_count(x: Tensor, axes: Sequence[int]) -> Any:
    """How many values a statistic over `axes` sees: a Python int where the shape is known."""
    shape = ops.shape(x)
    return math.prod(shape[axis] for axis in axes)


def _masked_moments(x: Tensor, axes: Sequence[int], visible: Tensor) -> Moments:
    # Corrected two-pass: a sample for the shift could be hidden whole, the masked mean cannot.
    seen, count, visible = _visible_count(x, axes, visible)
    origin = sample_mean(x, axes)
    shift = origin + _visible_mean(x - origin, axes, visible, seen)
    shift = ops.stop_gradient(shift)
    z = x - shift
    offset = _visible_mean(z, axes, visible, seen)
    variance = _visible_mean(ops.square(z - offset), axes, visible, seen)
    return Moments(shift, offset, variance, count)


def _visible_count(
    x: Tensor, axes: Sequence[int], visible: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    ones = ops.stop_gradient(ops.ones_like(x))
    count = ops.sum(ops.where(visible, ones, 0), axis=axes, keepdims=True)
    # Where nothing is visible everything counts, so that the output stays finite.
    visible = ops.logical_or(visible, ops.equal(count, 0))
    total = ops.cast(ops.maximum(value_count(x, axes), 1), x.dtype)
    return ops.where(ops.equal(count, 0), total, count), count, visible


def _visible_mean(x: Tensor, axes: Sequence[int], visible: Tensor, seen: Tensor) -> Tensor:
    return ops.sum(ops.where(visible, x, 0), axis=axes, keepdims=True) / seen
