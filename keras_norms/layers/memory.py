"""What a layer remembers of its batches for inference: moving mean and variance."""

from __future__ import annotations

from typing import Any, Unpack

from keras import initializers, ops

from keras_norms.kernels import Moments
from keras_norms.layers.base import AffineNormalization, AffineOptions
from keras_norms.layers.recompilation import TrainableTakesEffect
from keras_norms.layers.validation import checked_momentum

Tensor = Any


class RememberingNormalization(TrainableTakesEffect, AffineNormalization):
    """A normalizer that averages its batch statistics and normalizes by the averages later.

    With momentum `a`, after each batch with mean `m` and variance `v` over `n` values a channel:

        moving_mean     <- a * moving_mean     + (1 - a) * m
        moving_variance <- a * moving_variance + (1 - a) * v * (n / (n - 1) if unbiased else 1)

    With `momentum=None`, `a = k / (k + 1)` for the k-th batch from zero: the arithmetic mean of
    all batches so far. A batch that shows at most one value a channel has no variance and leaves
    the averages of that channel as they are.
    """

    batch_dependent = True

    def __init__(
        self,
        axis: Any,
        momentum: float | None,
        epsilon: float,
        center: bool,
        scale: bool,
        moving_mean_initializer: Any,
        moving_variance_initializer: Any,
        unbiased: bool,
        **options: Unpack[AffineOptions],
    ) -> None:
        momentum = checked_momentum(momentum)
        super().__init__(axis, epsilon, center, scale, **options)
        self.momentum = momentum
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.unbiased = bool(unbiased)
        self.moving_mean = None
        self.moving_variance = None
        self.count = None

    def build_weights(self, shape: tuple[int, ...]) -> None:
        super().build_weights(shape)
        self.moving_mean = self.add_memory("moving_mean", shape, self.moving_mean_initializer)
        self.moving_variance = self.add_memory(
            "moving_variance", shape, self.moving_variance_initializer
        )
        if self.momentum is None:
            # Per channel, since a mask can hide some channels of a batch and not others.
            self.count = self.add_memory("count", shape, "zeros")

    def add_memory(self, name: str, shape: tuple[int, ...], initializer: Any) -> Any:
        return self.add_weight(
            name=name, shape=shape, initializer=initializer, trainable=False, autocast=False
        )

    def remember(self, statistics: Moments) -> None:
        """Average the statistics of one batch into the memory."""
        mean, variance = self.moving_mean, self.moving_variance
        shape = tuple(mean.shape)
        n = ops.broadcast_to(statistics.count, ops.shape(statistics.variance))
        n = ops.cast(ops.reshape(n, shape), mean.dtype)
        batch_mean = ops.cast(ops.reshape(statistics.mean, shape), mean.dtype)
        batch_variance = ops.cast(ops.reshape(statistics.variance, shape), mean.dtype)
        if self.unbiased:
            batch_variance = batch_variance * (n / ops.maximum(n - 1, 1))
        learns = n > 1
        if self.momentum is None:
            batches = ops.convert_to_tensor(self.count)
            past = batches / (batches + 1)
            self.count.assign(batches + ops.cast(learns, batches.dtype))
        else:
            past = self.momentum
        for memory, batch in ((mean, batch_mean), (variance, batch_variance)):
            old = ops.convert_to_tensor(memory)
            average = old * past + ops.stop_gradient(batch) * (1 - past)
            memory.assign(ops.where(learns, average, old))

    def recall(self, x: Tensor) -> Moments:
        """The remembered statistics, in the precision of `x` and ready to broadcast to it."""
        mean = self.along_axis(self.moving_mean, x)
        variance = self.along_axis(self.moving_variance, x)
        return Moments(mean, ops.zeros_like(mean), variance, ops.zeros_like(mean))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "momentum": self.momentum,
            "moving_mean_initializer": initializers.serialize(self.moving_mean_initializer),
            "moving_variance_initializer": initializers.serialize(self.moving_variance_initializer),
            "unbiased": self.unbiased,
        }
