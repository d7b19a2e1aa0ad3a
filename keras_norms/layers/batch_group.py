"""Batch group normalization (Zhou et al. 2020)."""

from __future__ import annotations

import math
from typing import Any, Unpack

import keras
from keras import ops

from keras_norms.kernels import affine, standardize
from keras_norms.kernels.statistics import value_count
from keras_norms.layers.base import Shape, Tensor
from keras_norms.layers.memory import MemoryOptions, RememberingNormalization
from keras_norms.layers.momentum import Momentum
from keras_norms.layers.registration import normalizer
from keras_norms.layers.validation import checked_count, one_axis, positive_axes, refuse_batch_axis


@normalizer("batch_group", paper="Zhou et al. 2020", also=("bgn",))
@keras.saving.register_keras_serializable(package="keras_norms")
class BatchGroupNormalization(RememberingNormalization):
    """Normalizes groups of an example's values, of any channel and place, over the batch.

    The channels and places of each example are laid out in a row, channel after channel, of
    M = channels * height * width values, which is cut into `groups` runs of S = M / groups.
    Training, over the N * S values of a run in the whole batch:

        y = gamma * (x - mean) / sqrt(var + epsilon) + beta      (gamma, beta per channel)

    Inference: the same with moving averages, one mean and variance a group. So `groups` says how
    many values make a statistic, by choice and not by the batch size: with one group all N * M,
    with as many groups as channels those of batch normalization, beyond that less.

    Runs are of the inputs with their channels first, and of places in row-major order, whatever
    `axis` is: images with channels last and first give the same.

    Costs about 3 times batch normalization in TensorFlow's plain graph and 10 times under XLA on a
    CPU: with the channels last, the values of a group lie apart and are moved together and back,
    forward and backward.

    Args:
        groups: how many runs; must divide M. With spatial sizes that are not known when the
            layer is built it must divide the number of channels. Meant to be chosen by the batch
            size: the fewer groups, the more values make a statistic, which small batches need.
        axis: the channel axis, one int.
        momentum: weight of the past in the moving averages, in [0, 1], or a Keras schedule of it
            by the batch; None for the arithmetic mean over all batches since the start. As in
            `BatchNormalization`.
        epsilon: added to the variance; 1e-3 as in Keras.
        center: whether there is a beta.
        scale: whether there is a gamma.
        **options: `moving_mean_initializer`, `moving_variance_initializer`, `unbiased`,
            `debiased` and `synchronized` as in `BatchNormalization`; initializers, regularizers and
            constraints of gamma and beta; name, dtype.

    Call arguments:
        inputs: tensor (batch, ..., channels, ...) of rank 2 or more.
        training: whether to use and to remember the statistics of this batch.
        mask: true where values are visible: of the shape of the inputs without `axis`, or
            broadcasting to them. Hidden values keep their place in a run and enter no statistic.

    Reference: Zhou et al. 2020, arXiv 2012.02782.
    """

    def __init__(
        self,
        groups: int = 1,
        axis: int = -1,
        momentum: Momentum = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        **options: Unpack[MemoryOptions],
    ) -> None:
        groups, axis = checked_count("groups", groups), one_axis(axis)
        super().__init__(axis, momentum, epsilon, center, scale, **options)
        self.groups = groups

    def build(self, input_shape: Shape) -> None:
        refuse_batch_axis(self.axis, input_shape)
        # Before there are weights: of too many groups they would not fit into memory.
        (channel,) = positive_axes(self.axis, input_shape)
        sizes = input_shape[1:]
        values = input_shape[channel] if None in sizes else math.prod(sizes)
        if values is not None and values % self.groups:
            known = "channels, the only size known" if None in sizes else "values of an example"
            raise ValueError(
                f"Argument `groups`={self.groups} of {self.name!r} does not divide the {values} "
                f"{known} of inputs of shape {tuple(input_shape)}. Choose a divisor."
            )
        super().build(input_shape)

    def memory_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (self.groups,)

    def by_batch(self, x: Tensor, axes: tuple[int, ...], visible: Tensor | None) -> Tensor:
        if visible is not None:
            visible = self._in_runs(ops.broadcast_to(visible, ops.shape(x)))
        runs = self._in_runs(x)
        y, statistics = standardize(
            runs, (0, 2), epsilon=self.epsilon, visible=visible, synchronized=self.synchronized
        )
        self.remember(statistics)
        return self._scaled(y, x)

    def by_memory(self, x: Tensor, visible: Tensor | None) -> Tensor:
        runs = self._in_runs(x)
        return self._scaled(affine(runs, self.recall(runs), None, None, self.epsilon), x)

    def _in_runs(self, x: Tensor) -> Tensor:
        """(batch, groups, values)."""
        (channel,) = self._layout.kept
        values = value_count(x, range(1, len(x.shape))) // self.groups
        runs = (ops.shape(x)[0], self.groups, values)
        return ops.reshape(ops.moveaxis(x, channel, 1), runs)

    def _scaled(self, runs: Tensor, x: Tensor) -> Tensor:
        """Back in the shape of the inputs, times gamma plus beta."""
        (channel,) = self._layout.kept
        sizes = list(ops.shape(x))
        sizes.insert(1, sizes.pop(channel))
        y = ops.moveaxis(ops.reshape(runs, sizes), 1, channel)
        return self.scale_and_shift(y, x)

    def along_memory(self, memory: Any, x: Tensor) -> Tensor:
        return ops.reshape(ops.cast(ops.convert_to_tensor(memory), x.dtype), (1, self.groups, 1))

    def values_per_statistic(self, x: Tensor) -> Any:
        return value_count(x, range(len(x.shape))) // self.groups
