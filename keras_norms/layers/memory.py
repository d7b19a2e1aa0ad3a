"""What a layer remembers of its batches for inference: moving mean and variance."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from functools import partial
from typing import Any, Unpack

from keras import initializers, ops

from keras_norms.kernels import Moments, affine, native
from keras_norms.kernels.statistics import value_count
from keras_norms.layers.averaging import AveragingNormalization, average, average_one
from keras_norms.layers.base import AffineOptions, LayerOptions, Shape
from keras_norms.layers.masks import hide
from keras_norms.layers.momentum import Momentum
from keras_norms.layers.recompilation import TrainableTakesEffect
from keras_norms.layers.validation import refuse_unsharable_axis

Tensor = Any


class MemoryOptions(AffineOptions, total=False):
    """Keyword arguments that every normalizer with a memory hands on to it."""

    moving_mean_initializer: Any
    moving_variance_initializer: Any
    unbiased: bool
    synchronized: bool
    debiased: bool
    skip_nonfinite: bool


class RememberingNormalization(TrainableTakesEffect, AveragingNormalization):
    """A normalizer that averages its batch statistics and normalizes by the averages later.

    With momentum `a`, after each batch with mean `m` and variance `v` over `n` values a channel:

        moving_mean     <- a * moving_mean     + (1 - a) * m
        moving_variance <- a * moving_variance + (1 - a) * v * (n / (n - 1) if unbiased else 1)

    as `AveragingNormalization` has it, with momenta that are scheduled, cumulative or debiased. A
    batch that shows at most one value a channel has no variance and leaves the averages of that
    channel as they are.

    With `skip_nonfinite=True` a batch whose statistics are not finite leaves the averages of those
    channels alone as well; else, as in Keras, one NaN stays in them for ever. An average holds no
    variance that float32 cannot: from deviations of 1e19 on it is infinite.

    With `synchronized=True` the batch is that of all replicas of a distribution together, in the
    statistics as in their gradients, and all replicas remember the same.

    A subclass says in `by_batch` how a batch is normalized and what is remembered of it.
    """

    batch_dependent = True
    track_running_stats = True  # else every batch is normalized by its own, at inference as well
    reads_examples = False  # takes statistics of each example too, at inference as well
    remembers: tuple[str, ...] = ("mean", "variance")

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        momentum: Momentum = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        *,
        unbiased: bool = False,
        synchronized: bool = False,
        debiased: bool = False,
        skip_nonfinite: bool = False,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(
            axis,
            momentum,
            epsilon,
            center,
            scale,
            debiased,
            beta_initializer=beta_initializer,
            gamma_initializer=gamma_initializer,
            beta_regularizer=beta_regularizer,
            gamma_regularizer=gamma_regularizer,
            beta_constraint=beta_constraint,
            gamma_constraint=gamma_constraint,
            **options,
        )
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.unbiased = bool(unbiased)
        self.synchronized = bool(synchronized)
        self.skip_nonfinite = bool(skip_nonfinite)
        self._warned = False
        self.moving_mean: Any = None
        self.moving_variance: Any = None

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
        if self.remembers:
            self.build_averaging(shape)

    def memory_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of what is remembered, where gamma and beta have `shape`."""
        return shape

    def call(
        self, inputs: Tensor, training: bool | None = None, mask: Tensor | None = None
    ) -> Tensor:
        self.note_caller()
        x = self.in_full_precision(inputs)
        reduced = self._layout.reduced
        if (training and self.trainable) or not self.track_running_stats:
            visible = None
            if mask is not None:
                x, visible = hide(x, mask, reduced, remembered=True)
            self.warn_of_single_values(x)
            y = self.by_batch(x, reduced, visible)
        elif mask is not None and self.reads_examples:
            y = self.by_memory(*hide(x, mask, reduced, remembered=True))
        else:  # what is remembered has seen its masks: this one is of no use
            y = self.by_memory(x, None)
        return self.in_output_precision(y)

    def by_batch(self, x: Tensor, axes: tuple[int, ...], visible: Tensor | None) -> Tensor:
        """Normalize by the statistics of this batch over `axes`, and `remember` them."""
        raise NotImplementedError

    def by_memory(self, x: Tensor, visible: Tensor | None) -> Tensor:
        """Normalize by the remembered statistics."""
        gamma, beta = self.along_axis(self.gamma, x), self.along_axis(self.beta, x)
        return affine(x, self.recall(x), gamma, beta, self.epsilon)

    def values_per_statistic(self, x: Tensor) -> Any:
        return value_count(x, self._layout.reduced)

    def warn_of_single_values(self, x: Tensor) -> None:
        """Once, in training on one value for each statistic, as far as its shape is known."""
        if self._warned or (self.remembers and "variance" not in self.remembers):
            return
        number = self.values_per_statistic(x)
        if not isinstance(number, int) or number != 1:
            return
        if self.synchronized and native.replicas(x) > 1:
            return  # others have more
        self._warned = True
        warnings.warn(
            f"Layer {self.name!r} got `inputs` of shape {tuple(x.shape)} in training: one value "
            f"for each position of `axis`={self.axis}, whose variance is zero. The output is beta, "
            "and the moving averages stay as they are. Use larger batches, or leave out a last "
            "one of a single example.",
            stacklevel=2,
        )

    def remember(self, statistics: Moments) -> None:
        """Average the statistics of one batch into the memory, or of several in turn.

        Several lie along the leading axis, oldest first: the moving averages are then what they
        would be after one batch after the other.
        """
        if not self.remembers:
            return
        momentum = self.momentum
        if isinstance(momentum, float) and not self.debiased and self._is_one(statistics):
            mean, variance, learns = self.batches_of(statistics, alone=True)
            update = partial(average_one, learns=learns, momentum=momentum)
        else:
            mean, variance, learns = self.batches_of(statistics)
            past, share = self.shares(ops.cast(learns, variance.dtype))
            update = partial(average, learns=learns, past=past, share=share)
        for statistic, batches in (("mean", mean), ("variance", variance)):
            if statistic in self.remembers:
                update(getattr(self, f"moving_{statistic}"), batches)

    def _is_one(self, statistics: Moments) -> bool:
        """Whether they are of a single batch, as far as shapes are known."""
        values = math.prod([size or 0 for size in statistics.variance.shape])
        return values == math.prod(self._remembered_shape)

    @property
    def _remembered_shape(self) -> tuple[int, ...]:
        return tuple(getattr(self, f"moving_{self.remembers[0]}").shape)

    def batches_of(
        self, statistics: Moments, *, alone: bool = False
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Mean and variance, of the shape of the memory, and which count.

        Behind an axis of batches, unless one batch is `alone`.
        """
        shape = self._remembered_shape if alone else (-1, *self._remembered_shape)
        # In the precision of the statistics: float16 cannot even count the values.
        n = statistics.count
        if alone and math.prod([size or 0 for size in n.shape]) == 1:
            n = native.reshape(n, ()) if len(n.shape) else n
        else:
            n = native.reshape(ops.broadcast_to(n, ops.shape(statistics.variance)), shape)
        mean, variance = (
            native.reshape(values, shape) for values in (statistics.mean, statistics.variance)
        )
        if self.unbiased:
            variance = variance * (n / ops.maximum(n - 1, 1))
        learns = n > (1 if "variance" in self.remembers else 0)
        if self.skip_nonfinite:
            learns = ops.logical_and(learns, ops.isfinite(mean + variance))
        return mean, variance, learns

    def recall(self, x: Tensor) -> Moments:
        """The remembered statistics, in the precision of `x` and ready to broadcast to it.

        What is not remembered is zero, in effect: a mean of zero, a variance that no one asks for.
        """
        known = [self.along_memory(getattr(self, f"moving_{s}"), x) for s in self.remembers]
        zero = ops.zeros_like(known[0])
        found = dict(zip(self.remembers, known, strict=True))
        return Moments(found.get("mean", zero), zero, found.get("variance", zero), zero)

    along_memory = AveragingNormalization.along_axis  # what is remembered, ready to broadcast
