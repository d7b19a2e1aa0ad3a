"""torch: the native batch normalization, exact once the input is shifted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from keras_norms.kernels.statistics import Groups, Moments, sample_mean, value_count

HAND_WRITTEN_GRADIENT = False


def is_eager(x: Any) -> bool:
    """Whether `x` holds values now: not while shapes are inferred, nor under `torch.compile`."""
    return x.device.type != "meta" and not torch.compiler.is_compiling()


def fused_batch_standardize(
    x: torch.Tensor,
    axes: Sequence[int],
    gamma: torch.Tensor | None,
    beta: torch.Tensor | None,
    epsilon: float,
) -> tuple[torch.Tensor, Moments] | None:
    """Standardize each slice along one kept axis by `torch.nn.functional.batch_norm`."""
    kept = [axis for axis in range(x.ndim) if axis not in axes]
    count = value_count(x, axes)
    # The native operation refuses a single value, empty batches and an epsilon of zero.
    if len(kept) != 1 or count < 2 or not epsilon or kept[0] not in (1, x.ndim - 1):
        return None
    channels = x.shape[kept[0]]
    shift = sample_mean(x, axes)
    z = x - shift
    flat = z if kept[0] == 1 else z.reshape(-1, channels)
    mean = torch.zeros(channels, dtype=x.dtype, device=x.device)
    variance = torch.ones_like(mean)
    flat = torch.nn.functional.batch_norm(
        flat,
        mean,
        variance,
        None if gamma is None else gamma.reshape(-1),
        None if beta is None else beta.reshape(-1),
        training=True,
        momentum=1.0,  # so the running statistics come back as this batch's own
        eps=epsilon,
    )
    shape = shift.shape
    biased = variance.reshape(shape) * ((count - 1) / count)
    seen = torch.tensor(float(count), dtype=x.dtype, device=x.device)
    return flat.reshape(x.shape), Moments(shift, mean.reshape(shape), biased, seen)


def fused_normalize(
    x: torch.Tensor,
    axes: tuple[int, ...],
    gamma: torch.Tensor | None,
    beta: torch.Tensor | None,
    epsilon: float,
    groups: Groups | None,
    centred: bool,
) -> torch.Tensor | None:
    """The native group or layer normalization of the shifted input, or none where neither fits.

    Unshifted the group operation is wrong by 2 at a mean of 1e3.
    """
    if not centred or not x.numel():
        return None
    flat = [None if weight is None else weight.reshape(-1) for weight in (gamma, beta)]
    if axes and axes == tuple(range(axes[0], x.ndim)) and groups is None:
        z = x - sample_mean(x, axes)
        shape = x.shape[axes[0] :]
        if all(weight is None or weight.numel() == shape.numel() for weight in flat):
            flat = [None if weight is None else weight.reshape(shape) for weight in flat]
            return torch.nn.functional.layer_norm(z, shape, *flat, eps=epsilon)
    kept = [axis for axis in range(1, x.ndim) if axis not in axes]
    if 0 in axes or len(kept) != 1 or (groups and groups.axis != kept[0]):
        return None
    channels = x.shape[kept[0]]
    if any(weight is not None and weight.numel() != channels for weight in flat):
        return None
    z = (x - sample_mean(x, axes, groups)).movedim(kept[0], 1)
    number = groups.number if groups else channels
    # Not that of `torch.nn.functional`, which refuses groups of a single value.
    y = torch.group_norm(z, number, *flat, epsilon)
    return y.movedim(1, kept[0])


def total(
    x: torch.Tensor, axes: tuple[int, ...], weight: torch.Tensor | None = None
) -> torch.Tensor:
    """The sum of `x * weight` over `axes`, kept."""
    x = x if weight is None else x * weight
    return torch.sum(x, dim=axes, keepdim=True) if axes else x


def tanh(x: torch.Tensor) -> torch.Tensor:
    return torch.tanh(x)


def slopes(
    function: Callable[[torch.Tensor], Sequence[torch.Tensor]], at: torch.Tensor
) -> list[torch.Tensor]:
    """The gradient at `at` of the sum of each output of `function`, within a forward pass."""
    with torch.enable_grad():
        at = at.detach().requires_grad_(True)
        totals = [output.sum() for output in function(at)]
        return [torch.autograd.grad(total, at, retain_graph=True)[0] for total in totals]
