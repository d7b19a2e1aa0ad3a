"""Variance normalization (Daneshmand et al. 2020)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import keras

from keras_norms.kernels import affine, moments
from keras_norms.kernels.statistics import deviations
from keras_norms.layers.base import AffineOptions, Tensor
from keras_norms.layers.memory import RememberingNormalization
from keras_norms.layers.momentum import Momentum
from keras_norms.layers.registration import normalizer


@normalizer("variance", paper="Daneshmand et al. 2020", also=("vn",))
@keras.saving.register_keras_serializable(package="keras_norms")
class VarianceNormalization(RememberingNormalization):
    """Batch normalization that divides by the deviation and leaves the mean where it is.

    Training, per channel over the `m` values of the batch (all axes but `axis`):

        mean = sum(x) / m,  var = sum((x - mean)^2) / m
        y = gamma * x / sqrt(var + epsilon) + beta

    Inference: the same with `moving_variance`; no mean is remembered. The output grows with the
    mean, which half precision may not hold: constants of 100 give 3162 at the default epsilon.

    Defined as in the code of Lubana et al., who name Daneshmand et al. as the source: the variance
    is biased and around the mean that is not subtracted. That code takes an epsilon of 1e-5 and a
    momentum of 0.9; here they are as in `BatchNormalization`.

    Args:
        axis: the channel axis, or several, each combination then having its own variance.
        momentum: weight of the past in the moving average, in [0, 1], or a Keras schedule of it
            by the batch; None for the arithmetic mean over all batches.
        epsilon: added to the variance.
        center: whether there is a beta.
        scale: whether there is a gamma.
        moving_variance_initializer: of the moving variance.
        unbiased: whether the moving variance takes `m / (m - 1) * var`.
        synchronized: whether the batch is the joined one of all replicas of a distribution, as in
            `BatchNormalization`.
        debiased: whether the moving variance forgets its initial value at the first batch.
        **options: initializers, regularizers and constraints of gamma and beta; name, dtype.

    Call arguments:
        inputs: tensor of any rank of at least 1.
        training: whether to use and to remember the variance of this batch.
        mask: true where values are visible: of the shape of the inputs without `axis`, or
            broadcasting to them. Hidden values enter no statistic.

    Reference: Daneshmand et al. 2020, arXiv 2003.01652; Lubana et al. 2021, arXiv 2106.05956, who
        compare it with the others.
    """

    remembers = ("variance",)

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        momentum: Momentum = 0.99,
        epsilon: float = 1e-3,
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

    def by_batch(self, x: Tensor, axes: tuple[int, ...], visible: Tensor | None) -> Tensor:
        statistics = moments(x, axes, visible, synchronized=self.synchronized)
        self.remember(statistics)
        gamma, beta = self.along_axis(self.gamma, x), self.along_axis(self.beta, x)
        return affine(x, deviations(statistics), gamma, beta, self.epsilon)
