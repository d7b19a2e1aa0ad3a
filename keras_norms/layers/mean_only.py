"""Mean-only batch normalization (Salimans & Kingma 2016)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import keras

from keras_norms.kernels import Moments, moments
from keras_norms.layers.base import LayerOptions, Tensor
from keras_norms.layers.memory import RememberingNormalization
from keras_norms.layers.momentum import Momentum
from keras_norms.layers.registration import normalizer

ABOUT_THE_DEVIATION = ("epsilon", "scale", "moving_variance_initializer", "unbiased")


class BetaOptions(LayerOptions, total=False):
    """Keyword arguments of beta."""

    beta_initializer: Any
    beta_regularizer: Any
    beta_constraint: Any


@normalizer("mean_only", paper="Salimans & Kingma 2016")
@keras.saving.register_keras_serializable(package="keras_norms")
class MeanOnlyBatchNormalization(RememberingNormalization):
    """Batch normalization that subtracts the mean and leaves the deviation as it is.

    Training, per channel over the `m` values of the batch (all axes but `axis`):

        y = x - mean + beta,  mean = sum(x) / m

    so that the gradient is centred too: `dx = dy - sum(dy) / m`. Inference: the same with
    `moving_mean`. It goes with weight normalization, which takes care of the scale ("weight +
    mean_only"), and the paper puts it in the place of that layer's bias.

    There is no gamma and no epsilon. The authors' code has a momentum of 0.9; here 0.99 as in
    `BatchNormalization`. A single value a channel is its own mean: the output is beta.

    Args:
        axis: the channel axis, or several, each combination then having its own mean.
        momentum: weight of the past in the moving average, in [0, 1], or a Keras schedule of it
            by the batch; None for the arithmetic mean over all batches.
        center: whether there is a beta, the paper's b.
        moving_mean_initializer: of the moving mean.
        synchronized: whether the batch is the joined one of all replicas of a distribution, as in
            `BatchNormalization`.
        debiased: whether the moving mean forgets its initial value at the first batch.
        **options: initializer, regularizer and constraint of beta; name, dtype.

    Call arguments:
        inputs: tensor of any rank of at least 1.
        training: whether to use and to remember the mean of this batch.
        mask: true where values are visible: of the shape of the inputs without `axis`, or
            broadcasting to them. Hidden values do not enter the mean.

    Raises:
        ValueError: an argument about the deviation or gamma.

    Reference: Salimans & Kingma 2016, arXiv 1602.07868, Section 4.
    """

    cancels_bias = True
    remembers = ("mean",)

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        momentum: Momentum = 0.99,
        center: bool = True,
        *,
        moving_mean_initializer: Any = "zeros",
        synchronized: bool = False,
        debiased: bool = False,
        skip_nonfinite: bool = False,
        **options: Unpack[BetaOptions],
    ) -> None:
        for name, value in options.items():
            if name in ABOUT_THE_DEVIATION or name.startswith("gamma_"):
                raise ValueError(
                    f"Argument `{name}`={value!r} means nothing here: the mean alone is "
                    "normalized, so there is no deviation and no gamma. Leave it out."
                )
        super().__init__(
            axis,
            momentum,
            epsilon=0.0,
            center=center,
            scale=False,
            moving_mean_initializer=moving_mean_initializer,
            synchronized=synchronized,
            debiased=debiased,
            skip_nonfinite=skip_nonfinite,
            **options,
        )

    def by_batch(self, x: Tensor, axes: tuple[int, ...], visible: Tensor | None) -> Tensor:
        statistics = moments(x, axes, visible, synchronized=self.synchronized)
        self.remember(statistics)
        return self._centred(x, statistics)

    def by_memory(self, x: Tensor, visible: Tensor | None) -> Tensor:
        return self._centred(x, self.recall(x))

    def _centred(self, x: Tensor, statistics: Moments) -> Tensor:
        beta = self.along_axis(self.beta, x)
        return statistics.centre(x) if beta is None else statistics.centre(x) + beta
