"""Gradients on torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch


def compiled(function: Callable, differentiate: bool) -> Callable:
    """`function(trainable, *rest)` to loss and more, with gradients as well; nothing compiles."""

    def step(trainable: list[torch.Tensor], *rest: Any) -> tuple[Any, Any, list]:
        # Dropout draws from the process's one generator, which is the caller's: here the same mask
        # each time.
        with torch.random.fork_rng():
            torch.manual_seed(0)
            if not differentiate:
                with torch.no_grad():
                    return *function(trainable, *rest), []
            with torch.enable_grad():
                leaves = [value.detach().requires_grad_() for value in trainable]
                loss, more = function(leaves, *rest)
            return loss, more, list(torch.autograd.grad(loss, leaves, allow_unused=True))

    return step
