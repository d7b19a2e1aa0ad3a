"""What a layer remembers of its batches for inference: moving mean and variance."""

from __future__ import annotations

from typing import Any, Unpack

import keras
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
            self.count = self.add_memory("count", shape, "zeros", dtype="float32")

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

    def remember(self, statistics: Moments) -> None:
        """Average the statistics of one batch into the memory."""
        shape = tuple(self.moving_mean.shape)
        # In the precision of the statistics: float16 cannot even count the values.
        dtype = keras.backend.standardize_dtype(statistics.variance.dtype)
        n = ops.broadcast_to(statistics.count, ops.shape(statistics.variance))
        n = ops.reshape(n, shape)
        variance = ops.reshape(statistics.variance, shape)
        if self.unbiased:
            variance = variance * (n / ops.maximum(n - 1, 1))
        learns = n > 1
        past = self.momentum
        if past is None:
            batches = ops.convert_to_tensor(self.count)
            past = ops.cast(batches / (batches + 1), dtype)
            self.count.assign(batches + ops.cast(learns, batches.dtype))
        for memory, batch in (
            (self.moving_mean, ops.reshape(statistics.mean, shape)),
            (self.moving_variance, variance),
        ):
            old = ops.cast(ops.convert_to_tensor(memory), dtype)
            average = old * past + ops.stop_gradient(batch) * (1 - past)
            memory.assign(ops.cast(ops.where(learns, average, old), memory.dtype))

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
