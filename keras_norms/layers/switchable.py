"""Switchable Normalization (Luo et al. 2019)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

import keras
from keras import ops

from keras_norms.kernels import Moments, affine, joined, moments, pooled
from keras_norms.kernels.statistics import sample_mean
from keras_norms.layers.base import Shape, Tensor
from keras_norms.layers.memory import MemoryOptions, RememberingNormalization
from keras_norms.layers.momentum import Momentum
from keras_norms.layers.registration import normalizer
from keras_norms.layers.validation import refuse_batch_axis


@normalizer("switchable", paper="Luo et al. 2019", needs_space=True)
@keras.saving.register_keras_serializable(package="keras_norms")
class SwitchableNormalization(RememberingNormalization):
    """Learns what to normalize by: instance, layer and batch statistics in a weighted mean.

        mean = sum over k in {in, ln, bn} of w_k * mean_k,   var = sum over k of w'_k * var_k
        y = gamma * (x - mean) / sqrt(var + epsilon) + beta      (gamma, beta per channel)
        w = softmax(mean_weights),   w' = softmax(variance_weights)

    where the statistics of one example and channel ("in") are over space, those of one example
    ("ln") over space and channels, those of one channel ("bn") over batch and space. The last two
    are computed from the first, as the means of means and of variances with the variance of the
    means. The six weights, three a vector in the order above, belong to the whole layer.

    Inference: the same, with moving averages in place of the batch statistics.

    The authors' code offers moving averages, or the average over many batches; `momentum=None`
    makes the moving averages arithmetic means. It starts all six weights at one, as here, with
    epsilon 1e-5, which is 1e-3 here as in Keras's layers. It takes unbiased instance variances;
    these are biased.

    Args:
        axis: the channel axis, or several; not the batch axis 0.
        momentum: weight of the past in the moving averages, in [0, 1], or a Keras schedule of it
            by the batch; None for the arithmetic mean over all batches.
        epsilon: added to the variance.
        center: whether there is a beta.
        scale: whether there is a gamma.
        **options: `moving_mean_initializer`, `moving_variance_initializer`, `unbiased`,
            `debiased` and `synchronized` as in `BatchNormalization`; initializers, regularizers and
            constraints of gamma and beta; name, dtype.

    Call arguments:
        inputs: tensor (batch, ..., channels, ...).
        training: whether to use and to remember the batch statistics.
        mask: true where values are visible: of the shape of the inputs without `axis`, or
            broadcasting to them. Hidden values enter no statistic.

    Reference: Luo et al. 2019, arXiv 1806.10779.
    """

    reads_examples = True

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        momentum: Momentum = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        **options: Unpack[MemoryOptions],
    ) -> None:
        super().__init__(axis, momentum, epsilon, center, scale, **options)
        self.mean_weights = None
        self.variance_weights = None

    def build(self, input_shape: Shape) -> None:
        refuse_batch_axis(self.axis, input_shape)
        super().build(input_shape)

    def build_weights(self, shape: tuple[int, ...]) -> None:
        super().build_weights(shape)
        for name in ("mean_weights", "variance_weights"):
            weight = self.add_weight(name=name, shape=(3,), initializer="ones", autocast=False)
            setattr(self, name, weight)

    def by_batch(self, x: Tensor, axes: tuple[int, ...], visible: Tensor | None) -> Tensor:
        origin = _near_the_mean(x, range(len(x.shape)), visible)
        instance = self._instance(x - origin, visible)
        batch = pooled(instance, (0,))
        batch = batch._replace(shift=origin, offset=batch.mean)
        batch = joined(batch) if self.synchronized else batch
        self.remember(batch)
        return self._switch(x - origin, instance, _from(origin, batch))

    def by_memory(self, x: Tensor, visible: Tensor | None) -> Tensor:
        # From the example alone, so that the others cannot change so much as its rounding.
        origin = _near_the_mean(x, range(1, len(x.shape)), visible)
        instance = self._instance(x - origin, visible)
        return self._switch(x - origin, instance, _from(origin, self.recall(x)))

    def _instance(self, x: Tensor, visible: Tensor | None) -> Moments:
        """The statistics of each example and channel, with as many counts as there are."""
        space = self._layout.space
        statistics = moments(x, space, visible)
        count = ops.broadcast_to(statistics.count, ops.shape(statistics.variance))
        if visible is not None and not space:
            count = ops.where(visible, count, 0)
        return statistics._replace(count=count)

    def _switch(self, x: Tensor, instance: Moments, batch: Moments) -> Tensor:
        layer = pooled(instance, self._layout.kept)
        shares = [
            ops.softmax(ops.cast(ops.convert_to_tensor(weights), x.dtype))
            for weights in (self.mean_weights, self.variance_weights)
        ]
        known = list(enumerate((instance, layer, batch)))
        mean = sum(shares[0][k] * statistics.mean for k, statistics in known)
        variance = sum(shares[1][k] * statistics.variance for k, statistics in known)
        switched = Moments(ops.zeros_like(mean), mean, variance, batch.count)
        gamma, beta = self.along_axis(self.gamma, x), self.along_axis(self.beta, x)
        return affine(x, switched, gamma, beta, self.epsilon)


def _from(origin: Tensor, statistics: Moments) -> Moments:
    """Those of the values less `origin`."""
    return statistics._replace(shift=0 * origin, offset=statistics.mean_above(origin))


def _near_the_mean(x: Tensor, axes: Sequence[int], visible: Tensor | None) -> Tensor:
    """One origin for statistics that are to be mixed: far from it their means would be rounded."""
    axes = tuple(axes)
    return sample_mean(x, axes) if visible is None else moments(x, axes, visible).shift
