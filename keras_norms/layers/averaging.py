"""How much each batch weighs in a moving average."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import keras
from keras import ops

from keras_norms.layers.base import AffineNormalization, AffineOptions
from keras_norms.layers.momentum import Momentum, Schedule, checked_momentum

Tensor = Any


class AveragingNormalization(AffineNormalization):
    """A normalizer that averages something over batches.

    With momentum `a`, after each batch with statistic `s`:

        moving <- a * moving + (1 - a) * s

    With `momentum=None`, `a = k / (k + 1)` for the k-th batch from zero: the arithmetic mean of
    all batches so far. With a schedule, `a = schedule(k)` within [0, 1], where k is the layer's
    own count of batches, saved with its weights; batches that come in one call (virtual ones)
    have the momentum of the first.

    So the initial value keeps the weight `prod(a)`. With `debiased=True` it has none after the
    first batch: the average is that of the batches alone, Adam's `moving / (1 - prod(a))` for an
    initial value of zero, here kept up to date instead of corrected where it is read:

        seen   <- a * seen + (1 - a), from zero, which is 1 - prod(a)
        moving <- (1 - b) * moving + b * s,  b = (1 - a) / seen

    `momentum=None` is so by itself.
    """

    def __init__(
        self,
        axis: int | Sequence[int],
        momentum: Momentum,
        epsilon: float,
        center: bool,
        scale: bool,
        debiased: bool,
        **options: Unpack[AffineOptions],
    ) -> None:
        momentum = checked_momentum(momentum)
        super().__init__(axis, epsilon, center, scale, **options)
        self.momentum = momentum
        self.debiased = bool(debiased)
        # Variables, where the averages need them.
        self.count: Any = None
        self.seen: Any = None

    def build_averaging(self, shape: tuple[int, ...]) -> None:
        """Create what the averages need besides themselves; `shape` is theirs."""
        if self.momentum is None:
            # Per channel, since a mask can hide some channels of a batch and not others.
            self.count = self.add_memory("count", shape, "zeros", dtype="float32")
            return
        if isinstance(self.momentum, Schedule):
            self.count = self.add_memory("count", (), "zeros", dtype="float32")
        if self.debiased:
            self.seen = self.add_memory("seen", shape, "zeros", dtype="float32")

    def add_memory(
        self, name: str, shape: tuple[int, ...], initializer: Any, **options: Any
    ) -> keras.Variable:
        return self.add_weight(
            name=name,
            shape=shape,
            initializer=initializer,
            trainable=False,
            autocast=False,
            **options,
        )

    def shares(self, learns: Tensor) -> tuple[Tensor, Tensor]:
        """The weights of the past and of each batch, where `learns` is one for those that count.

        Batches lie along the leading axis, oldest first. Counts them.
        """
        total = ops.sum(learns, axis=0)
        if self.momentum is None:
            batches = ops.convert_to_tensor(self.count)
            # Before the assignment: on some backends `batches` is the variable itself.
            share = 1 / ops.maximum(ops.cast(batches, learns.dtype) + total, 1)
            self.count.assign(batches + ops.cast(total, batches.dtype))
            return 1 - total * share, share
        a = self._momentum_now(learns)
        past, share = a**total, (1 - a) * a ** (total - ops.cumsum(learns, axis=0))
        return (past, share) if self.seen is None else self._debiased(past, share, learns)

    def _momentum_now(self, learns: Tensor) -> float | Tensor:
        if not isinstance(self.momentum, Schedule):
            return self.momentum
        a = self.momentum(ops.convert_to_tensor(self.count))
        new = ops.any(learns > 0, axis=tuple(range(1, len(learns.shape))))
        self.count.assign_add(ops.sum(ops.cast(new, self.count.dtype)))
        return ops.cast(ops.clip(a, 0, 1), learns.dtype)

    def _debiased(self, past: Tensor, share: Tensor, learns: Tensor) -> tuple[Tensor, Tensor]:
        old = ops.cast(ops.convert_to_tensor(self.seen), learns.dtype)
        # Not 1 - prod(a), which near one is all rounding.
        seen = past * old + ops.sum(share * learns, axis=0)
        past = ops.where(seen > 0, past * old / ops.where(seen > 0, seen, 1), 1)
        share = share / ops.where(seen > 0, seen, 1)
        self.seen.assign(ops.cast(seen, self.seen.dtype))
        return past, share


def average(
    memory: keras.Variable, batches: Tensor, learns: Tensor, past: Tensor, share: Tensor | float
) -> None:
    """Average into `memory` those batches that count, with the weights of the past and of each."""
    old = ops.cast(ops.convert_to_tensor(memory), batches.dtype)
    new = ops.where(learns, ops.stop_gradient(batches) * share, 0)
    memory.assign(ops.cast(old * past + ops.sum(new, axis=0), memory.dtype))


def average_one(memory: keras.Variable, batch: Tensor, learns: Tensor, momentum: float) -> None:
    """`average` of a single batch by a constant momentum, in a third of the operations."""
    old = ops.cast(ops.convert_to_tensor(memory), batch.dtype)
    new = old * momentum + ops.stop_gradient(batch) * (1 - momentum)
    memory.assign(ops.cast(ops.where(learns, new, old), memory.dtype))
