"""Normalization by the mean L1, L2 or L-infinity norm (Santurkar et al. 2018)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

import keras
from keras import ops

from keras_norms.kernels import Moments, affine, gathered, moments, native, summed
from keras_norms.layers.base import Tensor
from keras_norms.layers.memory import MemoryOptions, RememberingNormalization
from keras_norms.layers.momentum import Momentum
from keras_norms.layers.registration import normalizer

ORDERS = (1, 2, "inf")


@normalizer("lp", paper="Santurkar et al. 2018")
@keras.saving.register_keras_serializable(package="keras_norms")
class LpNormalization(RememberingNormalization):
    """Batch normalization with another norm than the deviation.

    Training, per channel over the `m` values of the batch (all axes but `axis`):

        mean = sum(x) / m,  norm_p = (sum(|x|^p) / m)^(1/p),  norm_inf = max(|x|)
        y = gamma * (x - mean) / sqrt(norm_p^2 + epsilon) + beta

    The mean is fixed as by batch normalization, and the norm is that "before shifting the mean",
    as the paper has it. With `centred=True` it is that of `x - mean`; p = 2 is then
    `BatchNormalization`, weights and all. Inference: the same with the moving averages of the mean
    and of `norm_p^2`, which is what `moving_variance` holds.

    The paper's one sentence leaves open the mean of a maximum (the maximum here), epsilon and
    inference (as in batch normalization).

    Args:
        p: 1, 2 or "inf".
        centred: whether the norm is taken after the mean is subtracted.
        axis: the channel axis, or several, each combination then having its own statistics.
        momentum: weight of the past in the moving averages, in [0, 1], or a Keras schedule of it
            by the batch; None for the arithmetic mean over all batches.
        epsilon: added to the squared norm.
        center: whether there is a beta.
        scale: whether there is a gamma.
        **options: `moving_mean_initializer`, `moving_variance_initializer`, `debiased`,
            `synchronized` and `unbiased` (only meant for centred p = 2) as in
            `BatchNormalization`; initializers, regularizers and constraints of gamma and beta;
            name, dtype.

    Call arguments:
        inputs: tensor of any rank of at least 1.
        training: whether to use and to remember the statistics of this batch.
        mask: true where values are visible: of the shape of the inputs without `axis`, or
            broadcasting to them. Hidden values enter no statistic.

    Raises:
        ValueError: another `p`.

    Reference: Santurkar et al. 2018, arXiv 1805.11604, Section 3.3.
    """

    def __init__(
        self,
        p: int | str = 2,
        centred: bool = False,
        axis: int | Sequence[int] = -1,
        momentum: Momentum = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        **options: Unpack[MemoryOptions],
    ) -> None:
        given, p = p, "inf" if p == float("inf") else p
        if isinstance(p, bool) or p not in ORDERS:
            raise ValueError(f"Argument `p` must be 1, 2 or 'inf'. Received: p={given!r}")
        super().__init__(axis, momentum, epsilon, center, scale, **options)
        self.p = p
        self.centred = bool(centred)

    @property
    def cancels_bias(self) -> bool:
        """A constant added to a channel changes the norm before the mean is subtracted."""
        return self.centred

    def by_batch(self, x: Tensor, axes: tuple[int, ...], visible: Tensor | None) -> Tensor:
        statistics = moments(x, axes, visible, synchronized=self.synchronized)
        if self.p != 2 or not self.centred:
            square = self._squared_norm(x, statistics, axes, visible)
            statistics = statistics._replace(variance=square)
        self.remember(statistics)
        gamma, beta = self.along_axis(self.gamma, x), self.along_axis(self.beta, x)
        return affine(x, statistics, gamma, beta, self.epsilon)

    def _squared_norm(
        self, x: Tensor, statistics: Moments, axes: tuple[int, ...], visible: Tensor | None
    ) -> Tensor:
        size = ops.abs(statistics.centre(x) if self.centred else x)
        if visible is not None:
            size = ops.where(visible, size, 0)
        if self.p == "inf":
            largest = native.largest(size, axes)
            return ops.square(ops.max(gathered(largest), axis=0) if self.synchronized else largest)
        total = ops.sum(size**self.p, axis=axes, keepdims=True)
        (total,) = summed(total) if self.synchronized else (total,)
        # The number of values may be a zero, and then so is the sum.
        mean = total / ops.where(statistics.count > 0, statistics.count, 1)
        return ops.square(mean) if self.p == 1 else mean
