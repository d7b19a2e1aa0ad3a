"""Batch Normalization (Ioffe & Szegedy 2015)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import keras

from keras_norms.kernels import standardize
from keras_norms.layers.base import AffineOptions, Tensor
from keras_norms.layers.memory import RememberingNormalization
from keras_norms.layers.momentum import Momentum
from keras_norms.layers.registration import normalizer


@normalizer("batch", paper="Ioffe & Szegedy 2015")
@keras.saving.register_keras_serializable(package="keras_norms")
class BatchNormalization(RememberingNormalization):
    """Normalizes each channel by its mean and variance over the batch.

    Training, per channel over the `m` values of the batch (all axes but `axis`), Algorithm 1:

        mean = sum(x) / m,  var = sum((x - mean)^2) / m
        y = gamma * (x - mean) / sqrt(var + epsilon) + beta

    Inference, Algorithm 2 with moving averages: the same `y` with `moving_mean` and
    `moving_variance`, so each example is normalized alone. `trainable=False` means inference
    mode as well, as in Keras; set after `compile()` it holds from the next `fit()` on, or a
    warning says that `compile()` must be called again.

    Takes the place of `keras.layers.BatchNormalization`: same arguments, weights and order.
    What the paper leaves open (epsilon, momentum, initial values) is as in Keras.

    Args:
        axis: the channel axis, or several, each combination then having its own statistics.
        momentum: weight of the past in the moving averages, in [0, 1] (1 minus torch's
            momentum), or a `keras.optimizers.schedules.LearningRateSchedule` of it by the
            batches that this layer has averaged; None for the arithmetic mean over all of them.
        epsilon: added to the variance.
        center: whether there is a beta.
        scale: whether there is a gamma.
        moving_mean_initializer: of the moving mean.
        moving_variance_initializer: of the moving variance.
        renorm: only False; `renorm_clipping` and `renorm_momentum` then mean nothing.
        synchronized: whether the batch is the joined one of all replicas of a distribution, as
            if one device had it: outputs, gradients (the losses of the replicas are summed) and
            moving averages, also where replicas have differently many visible values. Replicas
            are those of `tf.distribute`'s `Strategy.run` and `fit`, or the processes of the
            default group of `torch.distributed`; all must take part in each training step. With
            `keras.distribution` on JAX a batch in pieces is one batch anyway, and this has no
            effect, nor has it outside of a distribution.
        unbiased: whether the moving variance takes `m / (m - 1) * var`, as Algorithm 2 and torch
            do. Keras takes `var`.
        debiased: whether the moving averages are those of the batches alone, as Adam's are; else
            the initial values stay in them with the weight `momentum**batches`.
        statistics_gradient: whether the gradient flows through mean and variance. False treats
            them as constants: the scheme that Section 2 of the paper shows to fail.
        **options: initializers, regularizers and constraints of gamma and beta; name, dtype.

    Call arguments:
        inputs: tensor of any rank of at least 1.
        training: whether to use and to remember the statistics of this batch.
        mask: true where values are visible: of the shape of the inputs without `axis`, or
            broadcasting to them. Hidden values enter no statistic; a channel with no visible
            value leaves its moving averages alone.

    Raises:
        ValueError: in training outside of any graph, when a channel has a single value: its
            variance is zero and the output beta whatever the input. Inside a graph or a
            synchronized distribution the output is beta and the moving averages stay. When built,
            `synchronized` and an `axis` that is the batch axis.

    Reference: Ioffe & Szegedy 2015, arXiv 1502.03167, Algorithms 1 and 2.
    """

    cancels_bias = True

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        momentum: Momentum = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        *,
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        renorm: bool = False,
        renorm_clipping: dict[str, float] | None = None,
        renorm_momentum: float = 0.99,
        synchronized: bool = False,
        unbiased: bool = False,
        debiased: bool = False,
        statistics_gradient: bool = True,
        **options: Unpack[AffineOptions],
    ) -> None:
        if renorm:
            raise ValueError(
                f"Argument `renorm`={renorm!r} is not supported here: leave it False, or use "
                "BatchRenormalization or keras.layers.BatchNormalization."
            )
        super().__init__(
            axis,
            momentum,
            epsilon,
            center,
            scale,
            moving_mean_initializer,
            moving_variance_initializer,
            unbiased,
            synchronized,
            debiased,
            **options,
        )
        self.renorm_clipping = renorm_clipping
        self.renorm_momentum = renorm_momentum
        self.statistics_gradient = bool(statistics_gradient)

    def by_batch(self, x: Tensor, axes: tuple[int, ...], visible: Tensor | None) -> Tensor:
        y, statistics = standardize(
            x,
            axes,
            self.along_axis(self.gamma, x),
            self.along_axis(self.beta, x),
            epsilon=self.epsilon,
            visible=visible,
            statistics_gradient=self.statistics_gradient,
            synchronized=self.synchronized,
        )
        self.remember(statistics)
        return y

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            # Keras's own, so that its configs and this layer's have the same keys.
            "renorm": False,
            "renorm_clipping": self.renorm_clipping,
            "renorm_momentum": self.renorm_momentum,
            "statistics_gradient": self.statistics_gradient,
        }
