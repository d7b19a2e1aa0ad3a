"""Batch renormalization (Ioffe 2017)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

import keras
from keras import ops

from keras_norms.kernels import Moments, standardize
from keras_norms.layers.base import Tensor
from keras_norms.layers.memory import MemoryOptions, RememberingNormalization
from keras_norms.layers.momentum import Momentum
from keras_norms.layers.registration import normalizer
from keras_norms.layers.validation import checked_bound, checked_count


@normalizer("renorm", paper="Ioffe 2017", also=("brn",))
@keras.saving.register_keras_serializable(package="keras_norms")
class BatchRenormalization(RememberingNormalization):
    """Batch normalization whose training output is, within bounds, that of inference.

    Training, per channel, with mean and var of the batch over all axes but `axis`:

        std = sqrt(var + epsilon),  moving_std = sqrt(moving_variance + epsilon)
        r = clip(std / moving_std, 1 / r_max(t), r_max(t))
        d = clip((mean - moving_mean) / moving_std, -d_max(t), d_max(t))
        y = gamma * ((x - mean) / std * r + d) + beta

    No gradient flows through r and d. Where neither is clipped, `y` is the output of inference,
    `gamma * (x - moving_mean) / moving_std + beta`, and with r = 1 and d = 0 that of batch
    normalization. The moving averages are those before this batch, which is averaged in after.

    The bounds begin at r_max(t) = 1 and d_max(t) = 0, batch normalization, through the first
    `warmup_steps` steps; then they grow, linearly here ("gradually" in the paper), to `r_max` at
    step `r_max_steps` and `d_max` at `d_max_steps`. The defaults are the paper's for ImageNet: a
    short training never leaves the warm-up, so set the three. `steps` counts the batches that
    were learned from, and is saved with the weights.

    The paper averages the deviation; this layer, the variance, like `BatchNormalization`, so that
    the weights of one fit the other. Keras's `renorm=True` has fixed bounds and a second set of
    averages.

    Args:
        r_max: the final bound on r, at least 1.
        d_max: the final bound on d, at least 0.
        warmup_steps: steps of batch normalization at the start.
        r_max_steps: the step at which the bound on r is `r_max`; at least `warmup_steps`.
        d_max_steps: the step at which the bound on d is `d_max`; at least `warmup_steps`.
        axis: the channel axis, or several, each combination then having its own statistics.
        momentum: weight of the past in the moving averages, in [0, 1], or a Keras schedule of it
            by the batch; None for the arithmetic mean over all batches since the start.
        epsilon: added to the variance.
        center: whether there is a beta.
        scale: whether there is a gamma.
        **options: `moving_mean_initializer`, `moving_variance_initializer`, `unbiased`,
            `debiased` and `synchronized` as in `BatchNormalization`; initializers, regularizers and
            constraints of gamma and beta; name, dtype.

    Call arguments:
        inputs: tensor of any rank of at least 1.
        training: whether to use and to remember the statistics of this batch.
        mask: true where values are visible: of the shape of the inputs without `axis`, or
            broadcasting to them. Hidden values enter no statistic.

    Reference: Ioffe 2017, arXiv 1702.03275, Algorithm 1.
    """

    cancels_bias = True

    def __init__(
        self,
        r_max: float = 3.0,
        d_max: float = 5.0,
        warmup_steps: int = 5000,
        r_max_steps: int = 40000,
        d_max_steps: int = 25000,
        axis: int | Sequence[int] = -1,
        momentum: Momentum = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        **options: Unpack[MemoryOptions],
    ) -> None:
        r_max, d_max = checked_bound("r_max", r_max, 1), checked_bound("d_max", d_max, 0)
        warmup_steps = checked_count("warmup_steps", warmup_steps, 0)
        r_max_steps = checked_count("r_max_steps", r_max_steps, warmup_steps)
        d_max_steps = checked_count("d_max_steps", d_max_steps, warmup_steps)
        super().__init__(axis, momentum, epsilon, center, scale, **options)
        self.r_max = r_max
        self.d_max = d_max
        self.warmup_steps = warmup_steps
        self.r_max_steps = r_max_steps
        self.d_max_steps = d_max_steps
        self.steps = None

    def build_weights(self, shape: tuple[int, ...]) -> None:
        super().build_weights(shape)
        self.steps = self.add_memory("steps", (), "zeros", dtype="float32")

    def by_batch(self, x: Tensor, axes: tuple[int, ...], visible: Tensor | None) -> Tensor:
        y, statistics = standardize(
            x, axes, epsilon=self.epsilon, visible=visible, synchronized=self.synchronized
        )
        r, d = self._corrections(statistics, x)
        self.remember(statistics)
        y = y * r + d
        return self.scale_and_shift(y, x)

    def _corrections(self, batch: Moments, x: Tensor) -> tuple[Tensor, Tensor]:
        """r and d for this batch; counts the step."""
        steps = ops.convert_to_tensor(self.steps)
        r_max = ops.cast(1 + (self.r_max - 1) * self._grown(steps, self.r_max_steps), x.dtype)
        d_max = ops.cast(self.d_max * self._grown(steps, self.d_max_steps), x.dtype)
        self.steps.assign(steps + ops.cast(ops.any(batch.count > 1), steps.dtype))
        moving = self.recall(x)
        rstd = ops.rsqrt(moving.variance + self.epsilon)
        r = ops.clip(ops.sqrt(batch.variance + self.epsilon) * rstd, 1 / r_max, r_max)
        d = ops.clip(batch.mean_above(moving.mean) * rstd, -d_max, d_max)
        return ops.stop_gradient(r), ops.stop_gradient(d)

    def _grown(self, steps: Tensor, full: int) -> Tensor:
        """How far a bound has grown, from 0 at the end of the warm-up to 1 at step `full`."""
        ramp = (steps - self.warmup_steps) / max(full - self.warmup_steps, 1)
        return ops.where(steps >= full, 1.0, ops.clip(ramp, 0.0, 1.0))
