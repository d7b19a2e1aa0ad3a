"""Mean and variance over axes: shifted, so exact at any mean; masked; never negative."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_norms.kernels.groups import Groups
from keras_norms.kernels.native import native
from keras_norms.kernels.statistics import Moments, at_least_one, counted, sample_mean
from keras_norms.kernels.synchronize import joined

Tensor = Any


def moments(
    x: Tensor,
    axes: Sequence[int],
    visible: Tensor | None = None,
    groups: Groups | None = None,
    synchronized: bool = False,
) -> Moments:
    """Mean and biased variance of `x` over `axes`.

    Formula: with any constant `s`, `z = x - s`, `mean = s + E[z]` and `var = E[z^2] - E[z]^2`.
    Taking `s` from a sample of the very values that are averaged bounds the cancellation: the
    mean of a fraction `f` of the values lies within `std / sqrt(f)` of the mean of all.

    Args:
        x: floating tensor of at least float32.
        axes: non-negative axes to reduce.
        visible: boolean tensor that broadcasts to `x`; only visible values count, and hidden
            ones must be finite. A statistic that sees no value is computed from all of them, and
            its `count` says zero.
        groups: neighbouring slices along another axis that share their statistics.
        synchronized: whether the replicas of a distribution share their statistics.

    Returns:
        `Moments`, each of the rank of `x` with size one along `axes`.
    """
    return measured(x, axes, visible, groups, synchronized=synchronized)[1]


def measured(
    x: Tensor,
    axes: Sequence[int],
    visible: Tensor | None = None,
    groups: Groups | None = None,
    centred: bool = True,
    synchronized: bool = False,
) -> tuple[Tensor, Moments]:
    """`x` less the shift, and its moments; around zero, and with no shift, unless `centred`."""
    if synchronized and native.replicas(x) > 1:
        statistics = joined(measured(x, axes, visible, groups, centred)[1])
        return x - statistics.shift, statistics
    if not centred:
        return x, mean_square(x, axes, visible)
    # Each value is its own mean; some backends read "no axes" as "all axes".
    if not axes and not groups:
        still = ops.stop_gradient(x)
        z = x - still
        return z, Moments(still, z, ops.zeros_like(x), ops.ones_like(x))
    if visible is not None:
        return _masked(x, axes, visible, groups)
    number = at_least_one(x, axes, groups)
    shift = sample_mean(x, axes, groups)
    z = x - shift
    offset = total(z, axes, groups) / number
    square = total(ops.square(z), axes, groups) / number
    variance = ops.relu(square - ops.square(offset))  # maximum would round float64 on torch
    return z, Moments(shift, offset, variance, counted(x, axes, groups))


def mean_square(x: Tensor, axes: Sequence[int], visible: Tensor | None = None) -> Moments:
    """The uncentred second moment `E[x^2]` over `axes`, as `Moments` around zero."""
    if visible is None:
        count = counted(x, axes)
        square = total(ops.square(x), axes) / at_least_one(x, axes)
    else:
        seen, count, visible = _visible_count(x, axes, visible)
        square = _visible_total(ops.square(x), axes, visible) / seen
    zero = ops.zeros_like(square)
    return Moments(zero, zero, square, count)


def total(
    x: Tensor,
    axes: Sequence[int],
    groups: Groups | None = None,
    weight: Tensor | None = None,
) -> Tensor:
    """The sum of `x`, or of `x * weight`, over `axes`, which are kept, and within `groups`."""
    summed = native.total(x, tuple(sorted(axes)), weight)
    return groups.total(summed) if groups else summed


def _masked(
    x: Tensor, axes: Sequence[int], visible: Tensor, groups: Groups | None
) -> tuple[Tensor, Moments]:
    # Corrected two-pass: a sample for the shift could be hidden whole, the masked mean cannot.
    seen, count, visible = _visible_count(x, axes, visible, groups)
    origin = sample_mean(ops.where(visible, x, 0), axes, groups)
    shift = origin + _visible_total(x - origin, axes, visible, groups) / seen
    shift = ops.stop_gradient(shift)
    z = x - shift
    offset = _visible_total(z, axes, visible, groups) / seen
    variance = _visible_total(ops.square(z - offset), axes, visible, groups) / seen
    return z, Moments(shift, offset, variance, count)


def _visible_count(
    x: Tensor, axes: Sequence[int], visible: Tensor, groups: Groups | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    ones = ops.stop_gradient(ops.ones_like(x))
    count = total(ops.where(visible, ones, 0), axes, groups)
    # Where nothing is visible everything counts, so that the output stays finite.
    visible = ops.logical_or(visible, ops.equal(count, 0))
    number = at_least_one(x, axes, groups)
    return ops.where(ops.equal(count, 0), number, count), count, visible


def _visible_total(
    x: Tensor, axes: Sequence[int], visible: Tensor, groups: Groups | None = None
) -> Tensor:
    return total(ops.where(visible, x, 0), axes, groups)
