"""torch: sums over the processes of `torch.distributed`, each with its part of the batch."""

# Its annotations do not know what a build without distribution lacks.
# pyright: reportPrivateImportUsage=false, reportAttributeAccessIssue=false
# pyright: reportIncompatibleMethodOverride=false

from __future__ import annotations

from typing import Any

import torch


def replicas(x: torch.Tensor) -> int:
    """How many processes run this at once, each with its part of the batch."""
    distributed = torch.distributed
    if x.device.type == "meta" or not distributed.is_available():
        return 1
    return distributed.get_world_size() if distributed.is_initialized() else 1


def replica() -> int:
    """Which of them this is."""
    return torch.distributed.get_rank()


def all_sum(x: torch.Tensor) -> torch.Tensor:
    """The sum of the `x` of all processes, whose gradient is the sum of their gradients."""
    known = torch.distributed.get_backend_config()
    if f"{x.device.type}:" not in known:
        raise ValueError(
            f"synchronized=True cannot sum tensors on device {x.device.type!r} over the "
            f"processes: the default group of torch.distributed has the backends {known!r}. Call "
            f"torch.distributed.init_process_group with a backend for {x.device.type!r} ('gloo' "
            "for a CPU, 'nccl' for CUDA), or leave `synchronized` False."
        )
    return _AllSum.apply(x)


class _AllSum(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, x: torch.Tensor) -> torch.Tensor:
        summed = x.clone(memory_format=torch.contiguous_format)
        torch.distributed.all_reduce(summed)
        return summed

    @staticmethod
    def backward(context: Any, upstream: torch.Tensor) -> torch.Tensor:
        return _AllSum.apply(upstream)
