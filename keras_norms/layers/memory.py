"""What a layer remembers of its batches for inference: moving mean and variance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import keras
from keras import initializers, ops

from keras_norms.kernels import Moments, affine, native
from keras_norms.kernels.statistics import value_count
from keras_norms.layers.averaging import AveragingNormalization
from keras_norms.layers.base import AffineOptions, Shape
from keras_norms.layers.masks import hide
from keras_norms.layers.momentum import Momentum
from keras_norms.layers.recompilation import TrainableTakesEffect
from keras_norms.layers.validation import positive_axes, refuse_unsharable_axis

Tensor = Any


class MemoryOptions(AffineOptions, total=False):
    """Keyword arguments that every normalizer with a memory hands on to it."""

    moving_mean_initializer: Any
    moving_variance_initializer: Any
    unbiased: bool
    synchronized: bool
    debiased: bool


class RememberingNormalization(TrainableTakesEffect, AveragingNormalization):
    """A normalizer that averages its batch statistics and normalizes by the averages later.

    With momentum `a`, after each batch with mean `m` and variance `v` over `n` values a channel:

        moving_mean     <- a * moving_mean     + (1 - a) * m
        moving_variance <- a * moving_variance + (1 - a) * v * (n / (n - 1) if unbiased else 1)

    as `AveragingNormalization` has it, with momenta that are scheduled, cumulative or debiased. A
    batch that shows at most one value a channel has no variance and leaves the averages of that
    channel as they are.

    With `synchronized=True` the batch is that of all replicas of a distribution together, in the
    statistics as in their gradients, and all replicas remember the same.

    A subclass says in `by_batch` how a batch is normalized and what is remembered of it.
    """

    batch_dependent = True
    remembers: tuple[str, ...] = ("mean", "variance")

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        momentum: Momentum = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        unbiased: bool = False,
        synchronized: bool = False,
        debiased: bool = False,
        **options: Unpack[AffineOptions],
    ) -> None:
        super().__init__(axis, momentum, epsilon, center, scale, debiased, **options)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.unbiased = bool(unbiased)
        self.synchronized = bool(synchronized)
        self.moving_mean = None
        self.moving_variance = None

    def build(self, input_shape: Shape) -> None:
        if self.synchronized:
            refuse_unsharable_axis(self.axis, input_shape)
        super().build(input_shape)

    def build_weights(self, shape: tuple[int, ...]) -> None:
        super().build_weights(shape)
        shape = self.memory_shape(shape)
        for statistic in self.remembers:
            name = f"moving_{statistic}"
            setattr(self, name, self.add_memory(name, shape, getattr(self, f"{name}_initializer")))
        self.build_averaging(shape)

    def memory_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of what is remembered, where gamma and beta have `shape`."""
        return shape

    def call(
        self, inputs: Tensor, training: bool | None = None, mask: Tensor | None = None
    ) -> Tensor:
        self.note_caller()
        x = self.in_full_precision(inputs)
        axes = self.reduced_axes(x)
        channel = positive_axes(self.axis, x.shape)[-1]
        x, visible = hide(x, mask, channel, axes, remembered=True)
        if training and self.trainable:
            self._require_several_values(x)
            y = self.by_batch(x, axes, visible)
        else:
            y = self.by_memory(x, visible)
        return self.in_output_precision(y)

    def by_batch(self, x: Tensor, axes: tuple[int, ...], visible: Tensor | None) -> Tensor:
        """Normalize by the statistics of this batch over `axes`, and `remember` them."""
        raise NotImplementedError

    def by_memory(self, x: Tensor, visible: Tensor | None) -> Tensor:
        """Normalize by the remembered statistics."""
        gamma, beta = self.along_axis(self.gamma, x), self.along_axis(self.beta, x)
        return affine(x, self.recall(x), gamma, beta, self.epsilon)

    def values_per_statistic(self, x: Tensor) -> Any:
        return value_count(x, self.reduced_axes(x))

    def _require_several_values(self, x: Tensor) -> None:
        if "variance" not in self.remembers or not native.is_eager(x):
            return
        if self.synchronized and native.replicas(x) > 1:
            return  # others have more values, and would wait in vain for this one
        if int(ops.convert_to_numpy(self.values_per_statistic(x))) == 1:
            raise ValueError(
                f"Layer {self.name!r} got `inputs` of shape {tuple(x.shape)} in training: one "
                f"value for each position of `axis`={self.axis}, whose variance is zero. Use a "
                "larger batch, or training=False."
            )

    def remember(self, statistics: Moments) -> None:
        """Average the statistics of one batch into the memory, or of several in turn.

        Several lie along the leading axis, oldest first: the moving averages are then what they
        would be after one batch after the other.
        """
        shape = tuple(getattr(self, f"moving_{self.remembers[0]}").shape)
        # In the precision of the statistics: float16 cannot even count the values.
        dtype = keras.backend.standardize_dtype(statistics.variance.dtype)
        n = ops.broadcast_to(statistics.count, ops.shape(statistics.variance))
        n, mean, variance = (
            ops.reshape(values, (-1, *shape))
            for values in (n, statistics.mean, statistics.variance)
        )
        if self.unbiased:
            variance = variance * (n / ops.maximum(n - 1, 1))
        learns = n > (1 if "variance" in self.remembers else 0)
        past, share = self.shares(ops.cast(learns, dtype))
        for statistic, batches in (("mean", mean), ("variance", variance)):
            if statistic not in self.remembers:
                continue
            memory = getattr(self, f"moving_{statistic}")
            old = ops.cast(ops.convert_to_tensor(memory), dtype)
            new = ops.where(learns, ops.stop_gradient(batches) * share, 0)
            memory.assign(ops.cast(old * past + ops.sum(new, axis=0), memory.dtype))

    def recall(self, x: Tensor) -> Moments:
        """The remembered statistics, in the precision of `x` and ready to broadcast to it.

        What is not remembered is zero, in effect: a mean of zero, a variance that no one asks for.
        """
        known = [self.along_memory(getattr(self, f"moving_{s}"), x) for s in self.remembers]
        zero = ops.zeros_like(known[0])
        found = dict(zip(self.remembers, known, strict=True))
        return Moments(found.get("mean", zero), zero, found.get("variance", zero), zero)

    def along_memory(self, memory: Any, x: Tensor) -> Tensor:
        return self.along_axis(memory, x)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        for name in (f"moving_{statistic}_initializer" for statistic in self.remembers):
            config[name] = initializers.serialize(getattr(self, name))
        config["synchronized"] = self.synchronized
        return {**config, "unbiased": self.unbiased} if "variance" in self.remembers else config
