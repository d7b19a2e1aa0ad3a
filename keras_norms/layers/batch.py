"""Batch Normalization (Ioffe & Szegedy 2015)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import keras

from keras_norms.kernels import standardize
from keras_norms.layers.base import LayerOptions, Tensor
from keras_norms.layers.momentum import Momentum
from keras_norms.layers.registration import normalizer
from keras_norms.layers.renorm_option import Clipping, RenormOption, checked_clipping


@normalizer("batch", paper="Ioffe & Szegedy 2015", also=("bn",))
@keras.saving.register_keras_serializable(package="keras_norms")
class BatchNormalization(RenormOption):
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
        beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer,
            beta_constraint, gamma_constraint: of beta and gamma.
        moving_mean_initializer: of the moving mean.
        moving_variance_initializer: of the moving variance.
        renorm: whether the batch is renormalized, in Keras's form: corrected, within fixed bounds,
            towards a second set of averages, which makes three weights more. The paper's form,
            whose bounds grow, is `BatchRenormalization`.
        renorm_clipping: the bounds, a dictionary with some of `rmax`, `rmin` and `dmax`; those left
            out do not bind. Like `renorm_momentum` without meaning unless `renorm`.
        renorm_momentum: weight of the past in the second averages.
        synchronized: whether the batch is the joined one of all replicas of a distribution, as
            if one device had it: outputs, gradients (the losses of the replicas are summed) and
            moving averages, also where replicas have differently many visible values. Replicas
            are those of `tf.distribute`'s `Strategy.run` and `fit`, or the processes of the
            default group of `torch.distributed`; all must take part in each training step. With
            `keras.distribution` on JAX a batch in pieces is one batch anyway, and this has no
            effect, nor has it outside of a distribution.
        unbiased: whether the moving variance takes `m / (m - 1) * var`, as Algorithm 2 and torch
            do. Keras takes `var`.
        skip_nonfinite: whether a batch with a NaN or an infinity in it leaves the moving averages
            as they were; else, as in Keras, one is enough to spoil them for ever.
        debiased: whether the moving averages are those of the batches alone, as Adam's are; else
            the initial values stay in them with the weight `momentum**batches`.
        track_running_stats: torch's switch. False keeps no moving averages (two weights fewer) and
            normalizes by the batch at inference too, where an example's output then depends on
            the others: for statistics that are those of the batch by intent, as of one domain or
            one task. `momentum` and what else is of the averages then means nothing.
        statistics_gradient: whether the gradient flows through mean and variance. False treats
            them as constants: the scheme that Section 2 of the paper shows to fail.
        **options: name, dtype, trainable.

    Call arguments:
        inputs: tensor of any rank of at least 1.
        training: whether to use and to remember the statistics of this batch.
        mask: true where values are visible: of the shape of the inputs without `axis`, or
            broadcasting to them. Hidden values enter no statistic; a channel with no visible
            value leaves its moving averages alone.

    A channel with a single value in training, as in a last batch of one example, has no variance:
    its output is beta, its moving averages stay as they are, and the layer warns once, where the
    shape is known before it runs.

    Raises:
        ValueError: `renorm`, which corrects towards averages, without `track_running_stats`;
            when built, `synchronized` and an `axis` that is the batch axis.

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
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: Clipping = None,
        renorm_momentum: float = 0.99,
        synchronized: bool = False,
        *,
        unbiased: bool = False,
        debiased: bool = False,
        skip_nonfinite: bool = False,
        statistics_gradient: bool = True,
        track_running_stats: bool = True,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(
            axis,
            momentum,
            epsilon,
            center,
            scale,
            beta_initializer,
            gamma_initializer,
            moving_mean_initializer,
            moving_variance_initializer,
            beta_regularizer,
            gamma_regularizer,
            beta_constraint,
            gamma_constraint,
            unbiased=unbiased,
            synchronized=synchronized,
            debiased=debiased,
            skip_nonfinite=skip_nonfinite,
            **options,
        )
        if renorm and not track_running_stats:
            raise ValueError(
                "Argument `renorm`=True corrects a batch towards the moving averages, which "
                "track_running_stats=False does not keep. Choose one of the two."
            )
        self.track_running_stats = bool(track_running_stats)
        if not track_running_stats:
            self.remembers = ()
        self.renorm = bool(renorm)
        self.renorm_clipping = checked_clipping(renorm_clipping) if renorm else renorm_clipping
        self.renorm_momentum = renorm_momentum
        self.statistics_gradient = bool(statistics_gradient)

    def by_batch(self, x: Tensor, axes: tuple[int, ...], visible: Tensor | None) -> Tensor:
        gamma, beta = self.along_axis(self.gamma, x), self.along_axis(self.beta, x)
        y, statistics = standardize(
            x,
            axes,
            None if self.renorm else gamma,
            None if self.renorm else beta,
            epsilon=self.epsilon,
            visible=visible,
            statistics_gradient=self.statistics_gradient,
            synchronized=self.synchronized,
        )
        if self.renorm:
            y = self.corrected(y, statistics)
            y = y if gamma is None else y * gamma
            y = y if beta is None else y + beta
        self.remember(statistics)
        return y
