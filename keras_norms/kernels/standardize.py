"""`(x - mean) / sqrt(variance + epsilon) * gamma + beta`, with its hand-written gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_norms.kernels.moments import Moments, mean_square, moments
from keras_norms.kernels.native import native

Tensor = Any


def standardize(
    x: Tensor,
    axes: Sequence[int],
    gamma: Tensor | None = None,
    beta: Tensor | None = None,
    *,
    epsilon: float,
    visible: Tensor | None = None,
    centred: bool = True,
    statistics_gradient: bool = True,
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
        centred: whether the mean is subtracted; otherwise the root mean square divides.
        statistics_gradient: whether the gradient flows through the statistics.

    Returns:
        The normalized tensor and the statistics that it was normalized by.
    """
    parameters = [tensor for tensor in (gamma, beta) if tensor is not None]
    if (
        visible is None
        and centred
        and statistics_gradient
        and _shared_axes(gamma, beta, axes) == tuple(axes)
    ):
        fused = native.fused_batch_standardize(x, axes, gamma, beta, epsilon)
        if fused is not None:
            return fused
    statistics_of = moments if centred else mean_square
    if statistics_gradient and not native.HAND_WRITTEN_GRADIENT:
        statistics = statistics_of(x, axes, visible)
        return affine(x, statistics, gamma, beta, epsilon), statistics

    statistics = Moments(*map(ops.stop_gradient, statistics_of(x, axes, visible)))
    y = affine(x, statistics, gamma, beta, epsilon)
    if not statistics_gradient:
        return y, statistics

    def gradient_from(known: Moments | None, upstream: Tensor, x: Tensor, *given: Tensor) -> Any:
        known = known or statistics_of(x, axes, visible)
        scale = given[0] if gamma is not None else None
        return standardize_gradient(
            upstream, x, known, scale, beta, axes, epsilon, visible, centred
        )

    y = native.attach_gradient(
        y,
        lambda *arguments: gradient_from(statistics, *arguments),
        lambda *arguments: gradient_from(None, *arguments),
        [x, *parameters],
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


def standardize_gradient(
    upstream: Tensor,
    x: Tensor,
    statistics: Moments,
    gamma: Tensor | None,
    beta: Tensor | None,
    axes: Sequence[int],
    epsilon: float,
    visible: Tensor | None,
    centred: bool,
) -> list[Tensor]:
    """Gradients with respect to x, gamma and beta (those that exist), in this order.

    Formula (Ioffe & Szegedy 2015, Section 3, simplified), `n` visible values a statistic,
    `w` one where visible and zero elsewhere, `g = upstream * gamma`, `r = 1 / sqrt(var + eps)`:

        dx = r * (g - w / n * (sum(g) + xhat * sum(g * xhat)))

    without `sum(g)` where the mean is not subtracted. Only `x` and the statistics are needed:
    `xhat` is computed again rather than kept.
    """
    r = ops.rsqrt(statistics.variance + epsilon)
    xhat = statistics.centre(x) * r
    # Sums over the axes that both the statistics and gamma share are taken once for both.
    shared = _shared_axes(gamma, beta, axes)
    direct = ops.sum(upstream, axis=shared, keepdims=True) if shared else upstream
    product = upstream * xhat
    product = ops.sum(product, axis=shared, keepdims=True) if shared else product
    weight = 1 if gamma is None else gamma
    through_mean = ops.sum(weight * direct, axis=axes, keepdims=True) if centred else 0
    through_variance = ops.sum(weight * product, axis=axes, keepdims=True)
    correction = (through_mean + xhat * through_variance) / ops.maximum(statistics.count, 1)
    if visible is not None:
        correction = ops.where(visible, correction, 0)
    gradients = [r * (weight * upstream - correction)]
    if gamma is not None:
        gradients.append(_sum_to(product, gamma))
    if beta is not None:
        gradients.append(_sum_to(direct, beta))
    return gradients


def _shared_axes(gamma: Tensor | None, beta: Tensor | None, axes: Sequence[int]) -> tuple[int, ...]:
    """The axes of the statistics along which gamma and beta have one value."""
    parameters = [tensor for tensor in (gamma, beta) if tensor is not None]
    return tuple(axis for axis in axes if all(t.shape[axis] == 1 for t in parameters))


def _sum_to(x: Tensor, like: Tensor) -> Tensor:
    """Sum over the axes along which `like` was broadcast to `x`."""
    broadcast = [axis for axis, size in enumerate(like.shape) if size == 1]
    return ops.sum(x, axis=broadcast, keepdims=True) if broadcast else x
