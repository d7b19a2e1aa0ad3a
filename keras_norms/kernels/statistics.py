"""What a statistic is: which values share it, how many they are, and how it is kept."""

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

    def mean_above(self, origin: Tensor) -> Tensor:
        """`mean - origin`, exact where both are large."""
        return (self.shift - origin) + self.offset


class Groups(NamedTuple):
    """Neighbouring slices along `axis`, in `number` groups, that share their statistics.

    Statistics keep one value for each slice, equal within a group: so they broadcast to the
    inputs as they are, and no full-sized tensor is ever reshaped.
    """

    axis: int
    number: int

    def total(self, x: Tensor) -> Tensor:
        """The sum within each group, laid out again for each of its slices."""
        parted = self._parted(x)
        summed = ops.sum(parted, axis=self.axis + 1, keepdims=True)
        return ops.reshape(ops.broadcast_to(summed, ops.shape(parted)), ops.shape(x))

    def first(self, x: Tensor) -> Tensor:
        """The first slice of each group, laid out for each of its slices."""
        parted = self._parted(x)
        chosen = [slice(None)] * (self.axis + 1) + [slice(0, 1)]
        return ops.reshape(ops.broadcast_to(parted[tuple(chosen)], ops.shape(parted)), ops.shape(x))

    def size(self, x: Tensor) -> int:
        return x.shape[self.axis] // self.number

    def _parted(self, x: Tensor) -> Tensor:
        shape = list(ops.shape(x))
        shape[self.axis : self.axis + 1] = [self.number, self.size(x)]
        return ops.reshape(x, shape)


def pooled(parts: Moments, axes: Sequence[int]) -> Moments:
    """The moments of all values together, from those of parts that lie along `axes`.

    Formula (Chan, Golub & LeVeque 1983): with shares s proportional to the counts,
    `mean = sum(s * mean_k)` and `var = sum(s * (var_k + (mean_k - mean)^2))`, which cannot be
    negative. The shift is close to the mean, so that differences of large means stay exact.
    """
    count = ops.sum(parts.count, axis=axes, keepdims=True)
    # Where none has seen a value, all have it from the same many hidden ones.
    alike = 1 / max(math.prod(parts.count.shape[axis] or 1 for axis in axes), 1)
    share = ops.where(count > 0, parts.count / ops.where(count > 0, count, 1), alike)
    shift = ops.stop_gradient(ops.sum(share * parts.mean, axis=axes, keepdims=True))
    above = parts.mean_above(shift)
    offset = ops.sum(share * above, axis=axes, keepdims=True)
    spread = parts.variance + ops.square(above - offset)
    return Moments(shift, offset, ops.sum(share * spread, axis=axes, keepdims=True), count)


def value_count(x: Tensor, axes: Sequence[int], groups: Groups | None = None) -> Any:
    """How many values a statistic over `axes` sees: a Python int where the shape is known."""
    shape = ops.shape(x)
    return math.prod(shape[axis] for axis in axes) * (groups.size(x) if groups else 1)


def sample_mean(x: Tensor, axes: Sequence[int], groups: Groups | None = None) -> Tensor:
    """Mean of every 64th slice of `x` along its longest reduced axis, without gradient.

    Added to the first value rather than averaged alone, so that constants give exactly
    themselves; the first value alone would not bound the cancellation.
    """
    x = ops.stop_gradient(x)
    mean = _sample_mean(x, axes) if axes else x
    if groups:
        origin = groups.first(mean)
        mean = origin + groups.total(mean - origin) / groups.size(x)
    return ops.stop_gradient(mean)


def _sample_mean(x: Tensor, axes: Sequence[int]) -> Tensor:
    longest = max(axes, key=lambda axis: x.shape[axis] or SAMPLE_STRIDE)
    every = [slice(None)] * len(x.shape)
    every[longest] = slice(None, None, SAMPLE_STRIDE)
    first = [slice(0, 1) if axis in axes else slice(None) for axis in range(len(x.shape))]
    sample = x[tuple(every)]
    # The sum of one value (or of none, in an empty batch) instead of the value itself.
    origin = ops.sum(x[tuple(first)], axis=axes, keepdims=True)
    count = ops.cast(ops.maximum(value_count(sample, axes), 1), x.dtype)
    return origin + ops.sum(sample - origin, axis=axes, keepdims=True) / count
