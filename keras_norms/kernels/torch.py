"""torch: the native batch normalization, exact once the input is shifted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from keras_norms.kernels.moments import Moments, sample_mean, value_count

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
