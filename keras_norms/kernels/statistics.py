"""What a statistic is: which values share it, how many they are, and how it is kept."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import keras
from keras import ops

if TYPE_CHECKING:  # it asks the running backend, whose file needs this one first
    from keras_norms.kernels.groups import Groups

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


def deviations(statistics: Moments) -> Moments:
    """The same around zero: dividing by them leaves the mean where it is."""
    zero = ops.zeros_like(statistics.variance)
    return Moments(zero, zero, statistics.variance, statistics.count)


def pooled(parts: Moments, axes: Sequence[int]) -> Moments:
    """The moments of all values together, from those of parts that lie along `axes`.

    Formula (Chan, Golub & LeVeque 1983): with shares s proportional to the counts,
    `mean = sum(s * mean_k)` and `var = sum(s * (var_k + (mean_k - mean)^2))`, which cannot be
    negative. The shift is close to the mean, so that differences of large means stay exact.
    """
    count = ops.sum(parts.count, axis=axes, keepdims=True)
    # Where none has seen a value, all have it from the same many hidden ones.
    alike = 1 / max(math.prod([parts.count.shape[axis] or 1 for axis in axes]), 1)
    share = ops.where(count > 0, parts.count / ops.where(count > 0, count, 1), alike)
    shift = ops.stop_gradient(ops.sum(share * parts.mean, axis=axes, keepdims=True))
    above = parts.mean_above(shift)
    offset = ops.sum(share * above, axis=axes, keepdims=True)
    spread = parts.variance + ops.square(above - offset)
    return Moments(shift, offset, ops.sum(share * spread, axis=axes, keepdims=True), count)


def value_count(x: Tensor, axes: Sequence[int], groups: Groups | None = None) -> Any:
    """How many values a statistic over `axes` sees: a Python int where the shape is known."""
    shape, count = ops.shape(x), 1
    for axis in axes:
        count = count * shape[axis]
    return count * groups.size(x) if groups else count


def counted(x: Tensor, axes: Sequence[int], groups: Groups | None = None) -> Tensor:
    """The same as a tensor in the precision of `x`, also of sizes that an export leaves open."""
    count = value_count(x, axes, groups)
    if isinstance(count, int) or ops.is_tensor(count):
        return ops.cast(count, x.dtype)
    return ops.ones((), x.dtype) * count  # a cast would make a number of torch's open sizes


def at_least_one(x: Tensor, axes: Sequence[int], groups: Groups | None = None) -> Any:
    """What a sum over `axes` is divided by, where a batch may be empty; a number where known."""
    count = value_count(x, axes, groups)
    return max(count, 1) if isinstance(count, int) else ops.maximum(counted(x, axes, groups), 1)


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
    longest, most = axes[0], 0
    for axis in axes:
        size = x.shape[axis]
        size = size if isinstance(size, int) and size else SAMPLE_STRIDE  # of one that is unknown
        if size > most:
            longest, most = axis, size
    first = [slice(0, 1) if axis in axes else slice(None) for axis in range(len(x.shape))]
    # The sum of one value (or of none, in an empty batch) instead of the value itself.
    origin = ops.sum(x[tuple(first)], axis=axes, keepdims=True)
    # Of a short axis the first alone, and not by a stride that would outrun sizes still unknown.
    short = isinstance(x.shape[longest], int) and x.shape[longest] <= SAMPLE_STRIDE
    if short and len(axes) == 1:
        return origin
    before = [slice(None)] * longest
    if not isinstance(x.shape[longest], int) and keras.config.backend() == "jax":
        # A stride asks of a size still unknown whether it is zero, as behind a convolution.
        head = ops.sum(x[(*before, slice(0, 1))], axis=longest, keepdims=True)
        x = ops.concatenate([head, x], axis=longest)
    sample = x[(*before, slice(0, 1) if short else slice(None, None, SAMPLE_STRIDE))]
    spread = ops.sum(sample - origin, axis=axes, keepdims=True)
    return origin + spread / at_least_one(sample, axes)
