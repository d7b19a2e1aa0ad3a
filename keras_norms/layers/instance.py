"""Instance Normalization (Ulyanov, Vedaldi & Lempitsky 2016)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import keras
from keras import ops

from keras_norms.kernels import Moments, affine, at_least, normalize, standardize
from keras_norms.layers.averaging import average
from keras_norms.layers.base import AffineNormalization, AffineOptions, Shape, Tensor
from keras_norms.layers.masks import hide
from keras_norms.layers.momentum import checked_momentum
from keras_norms.layers.registration import normalizer
from keras_norms.layers.validation import refuse_batch_axis


@normalizer("instance", paper="Ulyanov et al. 2016", also=("in",), needs_space=True)
@keras.saving.register_keras_serializable(package="keras_norms")
class InstanceNormalization(AffineNormalization):
    """Normalizes each channel of each example by its own mean and variance over space.

        y = gamma * (x - mean) / sqrt(var + epsilon) + beta      (gamma, beta per channel)

    with mean and variance over every axis but the batch axis 0 and `axis`. Training and inference
    are the same. Equals `GroupNormalization(groups=-1)`, weights and all. Where a channel has a
    single value (rank 2, or 1x1 maps) its variance is zero and the output is beta.

    With `track_running_stats=True`, torch's switch, training also averages the means and variances
    of the examples of each batch (those with more than one visible value a channel),

        moving <- momentum * moving + (1 - momentum) * average over the batch

    and inference, or `trainable=False`, normalizes by `moving_mean` and `moving_variance`, as batch
    normalization does.

    Args:
        axis: the channel axis, or several.
        epsilon: added to the variance; 1e-3 as in Keras's layers.
        center: whether there is a beta.
        scale: whether there is a gamma.
        track_running_stats: whether inference is by moving averages. Else there are none.
        momentum: weight of the past in them, in [0, 1]: 1 minus torch's momentum.
        **options: initializers, regularizers and constraints of gamma and beta; name, dtype.

    Call arguments:
        inputs: tensor (batch, ..., channels, ...).
        training: without effect, unless `track_running_stats`.
        mask: true where values are visible: of the shape of the inputs without `axis`, or
            broadcasting to them. Hidden values enter no statistic.

    Reference: Ulyanov et al. 2016, arXiv 1607.08022.
    """

    cancels_bias = True

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        *,
        track_running_stats: bool = False,
        momentum: float = 0.99,
        **options: Unpack[AffineOptions],
    ) -> None:
        given = checked_momentum(momentum)
        if not isinstance(given, float):
            raise ValueError(
                "Argument `momentum` of instance normalization must be a number in [0, 1]. "
                f"Received: momentum={momentum!r}"
            )
        super().__init__(axis, epsilon, center, scale, **options)
        self.track_running_stats = bool(track_running_stats)
        self.momentum = given
        self.moving_mean: Any = None
        self.moving_variance: Any = None

    def build(self, input_shape: Shape) -> None:
        refuse_batch_axis(self.axis, input_shape)
        super().build(input_shape)

    def build_weights(self, shape: tuple[int, ...]) -> None:
        super().build_weights(shape)
        if self.track_running_stats:
            for name, initializer in (("moving_mean", "zeros"), ("moving_variance", "ones")):
                weight = self.add_weight(
                    name=name, shape=shape, initializer=initializer, trainable=False, autocast=False
                )
                setattr(self, name, weight)

    def call(
        self, inputs: Tensor, training: bool | None = None, mask: Tensor | None = None
    ) -> Tensor:
        x = self.in_full_precision(inputs)
        axes = self._layout.space
        gamma, beta = self.along_axis(self.gamma, x), self.along_axis(self.beta, x)
        if not self.track_running_stats:
            x, visible = hide(x, mask, axes)
            y = normalize(x, axes, gamma, beta, epsilon=self.epsilon, visible=visible)
        elif training and self.trainable:
            x, visible = hide(x, mask, axes, remembered=True)
            y, examples = standardize(x, axes, gamma, beta, epsilon=self.epsilon, visible=visible)
            self.remember(examples)
        else:
            y = affine(x, self.averages(x), gamma, beta, self.epsilon)
        return self.in_output_precision(y)

    def remember(self, examples: Moments) -> None:
        """Average the statistics of a batch of examples, as one, into the memory."""
        shape = (-1, *self.moving_mean.shape)
        mean, variance = (ops.reshape(s, shape) for s in (examples.mean, examples.variance))
        count = ops.broadcast_to(examples.count, ops.shape(examples.variance))
        learns = ops.reshape(count, shape) > 1
        seen = ops.sum(ops.cast(learns, mean.dtype), axis=0)
        past = ops.where(seen > 0, self.momentum, 1.0)
        share = (1 - self.momentum) / at_least(seen, 1.0)
        average(self.moving_mean, mean, learns, past, share)
        average(self.moving_variance, variance, learns, past, share)

    def averages(self, x: Tensor) -> Moments:
        """The remembered statistics, ready to broadcast to `x`."""
        mean, variance = (self.along_axis(m, x) for m in (self.moving_mean, self.moving_variance))
        zero = ops.zeros_like(variance)
        return Moments(mean, zero, variance, zero)
