"""EvoNorms of the B series, with the variance of the batch (Liu, Brock, Simonyan & Le 2020)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import keras
from keras import ops

from keras_norms.kernels import at_least, moments
from keras_norms.kernels.moments import mean_square
from keras_norms.layers.base import AffineOptions, Shape, Tensor
from keras_norms.layers.memory import RememberingNormalization
from keras_norms.layers.momentum import Momentum
from keras_norms.layers.placement import instead_of_activation
from keras_norms.layers.registration import normalizer
from keras_norms.layers.validation import refuse_batch_axis


class _BatchEvoNorm(RememberingNormalization):
    """The B series: `x / max(sqrt(var + epsilon), of_example(x))`, var over the batch."""

    absorbs_activation = True
    reads_examples = True
    remembers = ("variance",)
    weighted = False

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        momentum: Momentum = 0.99,
        epsilon: float = 1e-5,
        center: bool = True,
        scale: bool = True,
        *,
        moving_variance_initializer: Any = "ones",
        unbiased: bool = False,
        synchronized: bool = False,
        debiased: bool = False,
        skip_nonfinite: bool = False,
        **options: Unpack[AffineOptions],
    ) -> None:
        super().__init__(
            axis,
            momentum,
            epsilon,
            center,
            scale,
            moving_mean_initializer="zeros",  # so that one in the options is refused
            moving_variance_initializer=moving_variance_initializer,
            unbiased=unbiased,
            synchronized=synchronized,
            debiased=debiased,
            skip_nonfinite=skip_nonfinite,
            **options,
        )
        self.v = None

    def build(self, input_shape: Shape) -> None:
        refuse_batch_axis(self.axis, input_shape)
        super().build(input_shape)

    def build_weights(self, shape: tuple[int, ...]) -> None:
        super().build_weights(shape)
        if self.weighted:
            self.v = self.add_weight(name="v", shape=shape, initializer="ones", autocast=False)

    def by_batch(self, x: Tensor, axes: tuple[int, ...], visible: Tensor | None) -> Tensor:
        statistics = moments(x, axes, visible, synchronized=self.synchronized)
        self.remember(statistics)
        return self._divide(x, statistics.variance, visible)

    def by_memory(self, x: Tensor, visible: Tensor | None) -> Tensor:
        return self._divide(x, self.recall(x).variance, visible)

    def _divide(self, x: Tensor, variance: Tensor, visible: Tensor | None) -> Tensor:
        of_batch = ops.sqrt(variance + self.epsilon)
        of_example = self.of_example(x, self._layout.space, visible)
        y = x / at_least(of_example, of_batch)
        return self.scale_and_shift(y, x)

    def of_example(self, x: Tensor, space: Sequence[int], visible: Tensor | None) -> Tensor:
        """What stands beside the deviation of the batch."""
        raise NotImplementedError


@normalizer("evonorm_b0", paper="Liu et al. 2020", follow=instead_of_activation, needs_space=True)
@keras.saving.register_keras_serializable(package="keras_norms")
class EvoNormB0(_BatchEvoNorm):
    """Normalization and activation in one, with the variance of the batch.

        y = gamma * x / max(sqrt(var + epsilon), v * x + sqrt(var_i + epsilon)) + beta

    (gamma, beta, v per channel), with var over the batch (all axes but `axis`) in training and
    `moving_variance` at inference, and var_i over the space of one example always (zero where a
    channel has a single value). No mean is subtracted or remembered. It takes the place of a
    normalizer and the activation after it.

    As in the authors' code, epsilon is 1e-5 under both roots, both variances biased (published
    torch code often takes the unbiased var_i), gamma and v start at one and beta at zero. That
    code's momentum is 0.9; here 0.99 as in `BatchNormalization`.

    Costs about 6 times batch normalization in TensorFlow's plain graph, where that is one fused
    operation and this is two variances, a maximum and a division, each a pass of its own and two
    in the gradient; on a CPU under XLA, whose reductions are slow, 4 to 10 times.

    Args:
        axis: the channel axis, or several; not the batch axis 0.
        momentum: weight of the past in the moving variance, in [0, 1], or a Keras schedule of it
            by the batch; None for the arithmetic mean over all batches.
        epsilon: added to the variances.
        center: whether there is a beta.
        scale: whether there is a gamma.
        moving_variance_initializer: of the moving variance.
        unbiased: whether the moving variance takes `m / (m - 1) * var`.
        synchronized: whether the batch is the joined one of all replicas of a distribution, as in
            `BatchNormalization`.
        debiased: whether the moving variance forgets its initial value at the first batch.
        **options: initializers, regularizers and constraints of gamma and beta; name, dtype.

    Call arguments:
        inputs: tensor (batch, ..., channels, ...).
        training: whether to use and to remember the variance of this batch.
        mask: true where values are visible: of the shape of the inputs without `axis`, or
            broadcasting to them. Hidden values enter no statistic.

    Reference: Liu et al. 2020, arXiv 2004.02967 (EvoNorm-B0).
    """

    weighted = True

    def of_example(self, x: Tensor, space: Sequence[int], visible: Tensor | None) -> Tensor:
        deviation = ops.sqrt(moments(x, space, visible).variance + self.epsilon)
        return self.along_axis(self.v, x) * x + deviation


@normalizer("evonorm_b1", paper="Liu et al. 2020", follow=instead_of_activation, needs_space=True)
@keras.saving.register_keras_serializable(package="keras_norms")
class EvoNormB1(_BatchEvoNorm):
    """`EvoNormB0` with another term of the example, and no v.

        y = gamma * x / max(sqrt(var + epsilon), (x + 1) * sqrt(ms_i + epsilon)) + beta

    with ms_i the mean square over the space of one example. Everything else is as there.

    Reference: Liu et al. 2020, arXiv 2004.02967 (EvoNorm-B1).
    """

    def of_example(self, x: Tensor, space: Sequence[int], visible: Tensor | None) -> Tensor:
        return (x + 1) * ops.sqrt(mean_square(x, space, visible).variance + self.epsilon)


@normalizer("evonorm_b2", paper="Liu et al. 2020", follow=instead_of_activation, needs_space=True)
@keras.saving.register_keras_serializable(package="keras_norms")
class EvoNormB2(_BatchEvoNorm):
    """`EvoNormB0` with another term of the example, and no v.

        y = gamma * x / max(sqrt(var + epsilon), sqrt(ms_i + epsilon) - x) + beta

    with ms_i the mean square over the space of one example. Everything else is as there.

    Reference: Liu et al. 2020, arXiv 2004.02967 (EvoNorm-B2).
    """

    def of_example(self, x: Tensor, space: Sequence[int], visible: Tensor | None) -> Tensor:
        # As (rms - mean) - (x - mean): far from zero the root and x are two large numbers.
        statistics = moments(x, space, visible)
        mean, variance = statistics.mean, statistics.variance + self.epsilon
        rms = ops.sqrt(variance + ops.square(mean))
        above_mean = ops.where(mean > 0, variance / (rms + ops.abs(mean)), rms - mean)
        return above_mean - statistics.centre(x)
