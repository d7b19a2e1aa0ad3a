"""torch: the native operations, exact once the input is shifted."""

# Its annotations know neither its inner names nor which of three results are None together.
# pyright: reportOptionalMemberAccess=false, reportArgumentType=false
# pyright: reportPrivateImportUsage=false, reportAttributeAccessIssue=false
# pyright: reportIncompatibleMethodOverride=false

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch.autograd import forward_ad

from keras_norms.kernels.keras_internals import torch_device
from keras_norms.kernels.statistics import Moments, sample_mean, value_count
from keras_norms.kernels.torch_replicas import all_sum as all_sum
from keras_norms.kernels.torch_replicas import replica as replica
from keras_norms.kernels.torch_replicas import replicas as replicas

if TYPE_CHECKING:
    from keras_norms.kernels.groups import Groups

# How many deviations the mean may be from zero where the native operation takes the input as it
# is: 8e-6 is then the largest relative error. Further away it is run again, on the shifted input:
# batch normalization loses digits with the mean, group normalization with its square, and layer
# normalization only what the mean itself is rounded by.
NEAR, FAR = 4.0, 100.0

reshape = torch.reshape  # Keras's walks through nested arguments first


def unfit(x: Any) -> str | None:
    """What `x` is, if not a dense tensor of values."""
    if not isinstance(x, torch.Tensor):
        return None if hasattr(x, "dtype") else f"a {type(x).__name__}"
    if x.layout != torch.strided or x.is_nested:
        return f"a tensor of layout {'nested' if x.is_nested else x.layout}"
    if x.device.type == "meta" and not _is_recorded() and torch_device() != "meta":
        return "a tensor on device 'meta', without values"
    return None


def writes_gradients(*tensors: Any) -> bool:
    """Never: the backend differentiates the plain formula as well."""
    return False


def is_eager(x: Any) -> bool:
    """Whether `x` holds values now: not while shapes are inferred, nor while a graph is made."""
    return x.device.type != "meta" and not _is_recorded()


def _is_recorded() -> bool:
    """Whether what runs becomes a program for other values, so that none may decide its way.

    Under `torch.compile`, `torch.export` and `torch.jit.trace`, and wherever a mode sees each
    operation (fake tensors, `make_fx`).
    """
    if torch.compiler.is_compiling():
        return True
    return torch.jit.is_tracing() or torch._C._len_torch_dispatch_stack() > 0


def fused_batch_standardize(
    x: torch.Tensor,
    axes: Sequence[int],
    gamma: torch.Tensor | None,
    beta: torch.Tensor | None,
    epsilon: float,
) -> tuple[torch.Tensor, Moments] | None:
    """Standardize each slice along one kept axis by `torch.nn.functional.batch_norm`."""
    count = value_count(x, axes)
    # The native operation refuses a single value, empty batches and an epsilon of zero.
    if len(axes) != x.ndim - 1 or count < 2 or not epsilon or _is_transformed(x):
        return None
    kept = x.ndim * (x.ndim - 1) // 2 - sum(axes)  # the one axis that is missing
    if kept not in (1, x.ndim - 1):
        return None
    channels = x.shape[kept]

    def native(z: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        mean = torch.zeros(channels, dtype=x.dtype, device=x.device)
        variance = torch.ones_like(mean)
        y = torch.nn.functional.batch_norm(
            z if kept == 1 else z.reshape(-1, channels),
            mean,
            variance,
            None if gamma is None else gamma.reshape(-1),
            None if beta is None else beta.reshape(-1),
            training=True,
            momentum=1.0,  # so the running statistics come back as this batch's own
            eps=epsilon,
        )
        return y.reshape(x.shape), mean, variance

    shape = [1] * x.ndim
    shape[kept] = channels
    y, mean, variance = native(x) if _may_look_at(x) else (None, None, None)
    shift = torch.zeros(shape, dtype=x.dtype, device=x.device)
    if y is None or not _near_zero(mean, variance, NEAR):
        shift = sample_mean(x, axes)
        y, mean, variance = native(x - shift)
    biased = variance.reshape(shape) * ((count - 1) / count)
    seen = torch.tensor(float(count), dtype=x.dtype, device=x.device)
    return y, Moments(shift, mean.reshape(shape), biased, seen)


def fused_normalize(
    x: torch.Tensor,
    axes: tuple[int, ...],
    gamma: torch.Tensor | None,
    beta: torch.Tensor | None,
    epsilon: float,
    groups: Groups | None,
    centred: bool,
) -> torch.Tensor | None:
    """The native group or layer normalization, or none where neither fits."""
    if not centred or not x.numel() or _is_transformed(x):
        return None
    kept = [axis for axis in range(1, x.ndim) if axis not in axes]
    if axes and axes == tuple(range(axes[0], x.ndim)) and groups is None:
        size, laid_out, limit = math.prod(x.shape[axes[0] :]), x.shape[axes[0] :], FAR
    elif 0 not in axes and kept in ([1], [x.ndim - 1]) and (not groups or [groups.axis] == kept):
        size, laid_out, limit = x.shape[kept[0]], x.shape[kept[0] : kept[0] + 1], NEAR
    else:
        return None
    if any(weight is not None and weight.numel() != size for weight in (gamma, beta)):
        return None
    if gamma is None and beta is not None:  # the native gradient of a shift alone fails
        gamma = torch.ones_like(beta)
    gamma, beta = (w if w is None else w.reshape(laid_out) for w in (gamma, beta))

    def native(z: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        if limit == FAR:
            return torch.native_layer_norm(z, laid_out, gamma, beta, epsilon)
        number = groups.number if groups else size
        return _native_group_norm(z, kept[0], gamma, beta, number, epsilon)

    y, mean, rstd = native(x) if _may_look_at(x) else (None, None, None)
    if y is None or not _near_zero(mean, rstd.pow(-2) - epsilon, limit):
        y, *_ = native(x - sample_mean(x, axes, groups))
    return y


def _native_group_norm(
    x: torch.Tensor,
    channel: int,
    gamma: torch.Tensor | None,
    beta: torch.Tensor | None,
    number: int,
    epsilon: float,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Normalized `x`, mean and reciprocal deviation; channels along axis 1 or the last one."""
    size = x.shape[channel]
    x = x.contiguous()  # of other strides the native operation makes views that cannot be made
    # Not `len`, which makes a number of a size that an exported program leaves open.
    if channel == 1:
        z = x.reshape(x.shape[0], size, -1, 1)
    else:
        # Of four dimensions, for which alone the native operation takes channels at the end.
        z = x.reshape(x.shape[0], -1, 1, size).movedim(-1, 1)
        weights = [w for w in (gamma, beta) if w is not None]
        if _is_recorded():
            z = z.contiguous()
        else:
            if len(x) == 1:
                # Axes of one may have any stride, in which the native operation reads a layout;
                # the other layout would add in another order than in larger batches.
                z = z.as_strided(z.shape, (z.numel(), 1, size, size))
            if weights and torch.is_grad_enabled():
                z = _AlwaysDifferentiated.apply(z, *weights)
    y, mean, rstd = torch.native_group_norm(
        z, gamma, beta, z.shape[0], size, z.shape[2], number, epsilon
    )
    return (y if channel == 1 else y.movedim(1, -1)).reshape(x.shape), mean, rstd


class _AlwaysDifferentiated(torch.autograd.Function):
    """`x`, whose gradient is asked for wherever one of the others' is.

    On channels at the end the native gradient of group normalization kills the process where that
    of the input is not wanted: first layers, frozen trunks, gradients by the weights alone.
    """

    @staticmethod
    def forward(context: Any, x: torch.Tensor, *others: torch.Tensor) -> torch.Tensor:
        context.others = len(others)
        return x.detach()  # its own strides, which a view of axes of one may change

    @staticmethod
    def backward(context: Any, upstream: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        return upstream, *[None] * context.others


def _is_transformed(x: torch.Tensor) -> bool:
    """Whether more than a gradient is taken of `x`, for which native operations are not made.

    `torch.func` vectorizes or differentiates over it, or it carries a tangent (forward mode).
    """
    if torch.compiler.is_compiling():
        return False
    wrapped = getattr(torch._C._functorch, "is_functorch_wrapped_tensor", None)
    return forward_ad._current_level >= 0 or (wrapped is not None and wrapped(x))


def _may_look_at(x: torch.Tensor) -> bool:
    """Whether its statistics may be read, for nothing: on a GPU the host would have to wait."""
    return x.device.type == "cpu" and not _is_recorded()


def _near_zero(mean: torch.Tensor, variance: torch.Tensor, limit: float) -> bool:
    """Whether no mean is further than `limit` deviations from zero; not if one overflowed."""
    near = (mean.square() <= limit**2 * variance) & (variance < math.inf)
    return bool(near.all())  # false for what is not a number


def total(
    x: torch.Tensor, axes: tuple[int, ...], weight: torch.Tensor | None = None
) -> torch.Tensor:
    """The sum of `x * weight` over `axes`, kept."""
    x = x if weight is None else x * weight
    return torch.sum(x, dim=axes, keepdim=True) if axes else x


def largest(x: torch.Tensor, axes: tuple[int, ...]) -> torch.Tensor:
    """The largest `x` over `axes`, kept, where none is negative; of none it is zero."""
    # Not by `keras.ops.max`, which `torch.compile` cannot read.
    return torch.amax(x, dim=axes, keepdim=True) if x.numel() else total(x, axes)


def sums_by_product() -> bool:
    """Whether a small sum that is laid out again is better a matrix product: no reason to here."""
    return False


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
