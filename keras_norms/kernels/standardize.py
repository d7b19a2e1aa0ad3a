"""`(x - mean) / sqrt(variance + epsilon) * gamma + beta`, with its hand-written gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_norms.kernels.groups import Groups
from keras_norms.kernels.moments import measured, total
from keras_norms.kernels.native import native
from keras_norms.kernels.statistics import Moments
from keras_norms.kernels.synchronize import summed

Tensor = Any


def normalize(
    x: Tensor,
    axes: Sequence[int],
    gamma: Tensor | None = None,
    beta: Tensor | None = None,
    *,
    epsilon: float,
    visible: Tensor | None = None,
    groups: Groups | None = None,
    centred: bool = True,
) -> Tensor:
    """`standardize` for those who do not ask by what, which some backends have an operation for."""
    if visible is None:
        fused = native.fused_normalize(x, tuple(axes), gamma, beta, epsilon, groups, centred)
        if fused is not None:
            return fused
    return standardize(
        x, axes, gamma, beta, epsilon=epsilon, visible=visible, groups=groups, centred=centred
    )[0]


def standardize(
    x: Tensor,
    axes: Sequence[int],
    gamma: Tensor | None = None,
    beta: Tensor | None = None,
    *,
    epsilon: float,
    visible: Tensor | None = None,
    groups: Groups | None = None,
    centred: bool = True,
    statistics_gradient: bool = True,
    synchronized: bool = False,
) -> tuple[Tensor, Moments]:
    """Normalize `x` by its own statistics over `axes`, then scale by gamma and shift by beta.

    Args:
        x: floating tensor of at least float32.
        axes: non-negative axes over which mean and variance are taken.
        gamma: broadcasts to `x` with the same rank, size one where it is shared; or None.
        beta: likewise.
        epsilon: added to the variance under the root.
        visible: boolean tensor that broadcasts to `x`; hidden values, which must be finite,
            are normalized as well but enter no statistic.
        groups: neighbouring slices along another axis that share their statistics.
        centred: whether the mean is subtracted; otherwise the root mean square divides.
        statistics_gradient: whether the gradient flows through the statistics.
        synchronized: whether the replicas of a distribution share their statistics.

    Returns:
        The normalized tensor and the statistics that it was normalized by.
    """
    synchronized = synchronized and native.replicas(x) > 1
    plain = visible is None and groups is None and centred and statistics_gradient
    if plain and not synchronized and _shared_axes(gamma, beta, axes) == tuple(axes):
        fused = native.fused_batch_standardize(x, axes, gamma, beta, epsilon)
        if fused is not None:
            return fused
    if statistics_gradient and not native.writes_gradients(x, gamma, beta):
        z, statistics = measured(x, axes, visible, groups, centred, synchronized)
        return _scaled(z, statistics, gamma, beta, axes, epsilon, centred), statistics

    z, statistics = measured(ops.stop_gradient(x), axes, visible, groups, centred, synchronized)
    if not statistics_gradient:
        return affine(x, statistics, gamma, beta, epsilon), statistics
    y = _scaled(z, statistics, gamma, beta, axes, epsilon, centred)

    def gradient(known: tuple[Tensor, Moments] | None, upstream: Tensor, x: Tensor, *given: Tensor):
        z, statistics = known or measured(x, axes, visible, groups, centred, synchronized)
        scale = given[0] if gamma is not None else None
        return standardize_gradient(
            upstream,
            z,
            statistics,
            scale,
            beta,
            axes,
            epsilon,
            visible,
            groups,
            centred,
            synchronized,
        )

    y = native.attach_gradient(
        y,
        lambda *arguments: gradient((z, statistics), *arguments),
        lambda *arguments: gradient(None, *arguments),
        [x, *(tensor for tensor in (gamma, beta) if tensor is not None)],
    )
    return y, statistics


def affine(
    x: Tensor, statistics: Moments, gamma: Tensor | None, beta: Tensor | None, epsilon: float
) -> Tensor:
    """`x` normalized by given statistics.

    Kept as `(x - mean) * a + beta`: folding the mean into the shift, `x * a + b`, cancels two
    large numbers.
    """
    factor = ops.rsqrt(statistics.variance + epsilon)
    if gamma is not None:
        factor = factor * gamma
    y = statistics.centre(x) * factor
    return y if beta is None else y + beta


def _scaled(
    z: Tensor,
    statistics: Moments,
    gamma: Tensor | None,
    beta: Tensor | None,
    axes: Sequence[int],
    epsilon: float,
    centred: bool,
) -> Tensor:
    """`z`, the input less the shift, normalized in as few passes over it as there can be.

    Here the offset may be folded: `z * a + b` cancels numbers that the shift has made small.
    """
    r = ops.rsqrt(statistics.variance + epsilon)
    if _shared_axes(gamma, beta, axes) == tuple(axes):
        factor = r if gamma is None else r * gamma
        constant = -statistics.offset * factor if centred else None
        if beta is not None:
            constant = beta if constant is None else beta + constant
        return z * factor if constant is None else z * factor + constant
    y = z * r
    y = y - statistics.offset * r if centred else y
    y = y if gamma is None else y * gamma
    return y if beta is None else y + beta


def standardize_gradient(
    upstream: Tensor,
    z: Tensor,
    statistics: Moments,
    gamma: Tensor | None,
    beta: Tensor | None,
    axes: Sequence[int],
    epsilon: float,
    visible: Tensor | None,
    groups: Groups | None,
    centred: bool,
    synchronized: bool,
) -> list[Tensor]:
    """Gradients with respect to x, gamma and beta (those that exist), in this order.

    Formula (Ioffe & Szegedy 2015, Section 3, simplified), `n` visible values a statistic,
    `w` one where visible and zero elsewhere, `g = upstream * gamma`, `r = 1 / sqrt(var + eps)`:

        dx = r * (g - w / n * (sum(g) + xhat * sum(g * xhat)))

    without `sum(g)` where the mean is not subtracted; the two sums go over all replicas, while
    gamma and beta get the part of this one. With `xhat = (z - m) * r` every sum is one
    of `upstream` or of `upstream * z`, over the axes that the statistics and gamma share first.
    """
    r = ops.rsqrt(statistics.variance + epsilon)
    m = statistics.offset if centred else None
    shared = _shared_axes(gamma, beta, axes)
    rest = tuple(axis for axis in axes if axis not in shared)
    direct = total(upstream, shared)
    product = total(upstream * z, shared)
    by_xhat = total(product, rest, groups, gamma)
    n = ops.maximum(statistics.count, 1)
    by_mean = total(direct, rest, groups, gamma) if centred else ops.zeros_like(by_xhat)
    by_xhat = by_xhat - m * by_mean if centred else by_xhat
    if synchronized:
        by_xhat, by_mean = summed(by_xhat, by_mean)
    slope = (by_xhat / n * r) * r * r  # the cube of a small r alone would be zero
    constant = m * slope - r * by_mean / n if centred else None
    correction = z * slope
    if visible is not None:
        correction = correction if constant is None else correction - constant
        correction, constant = ops.where(visible, correction, 0), None
    if gamma is None:
        dx = upstream * r
    elif not rest:
        dx = upstream * (r * gamma)
    else:
        dx = upstream * gamma * r
    dx = dx - correction
    gradients = [dx if constant is None else dx + constant]
    if gamma is not None:
        outer = _broadcast_axes(product, gamma)
        scale = total(product, outer, weight=r)
        gradients.append(scale - total(direct, outer, weight=m * r) if centred else scale)
    if beta is not None:
        gradients.append(total(direct, _broadcast_axes(direct, beta)))
    return gradients


def _shared_axes(gamma: Tensor | None, beta: Tensor | None, axes: Sequence[int]) -> tuple[int, ...]:
    """The axes of the statistics along which gamma and beta have one value."""
    shared = []
    for axis in axes:
        varies = gamma is not None and gamma.shape[axis] != 1
        if not varies and (beta is None or beta.shape[axis] == 1):
            shared.append(axis)
    return tuple(shared)


def _broadcast_axes(x: Tensor, like: Tensor) -> tuple[int, ...]:
    """The axes along which `like` is broadcast to `x`."""
    return tuple(axis for axis, size in enumerate(like.shape) if size == 1)
