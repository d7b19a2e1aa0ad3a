"""Group Normalization (Wu & He 2018)."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from keras_norms.kernels import Groups, normalize
from keras_norms.layers.base import AffineNormalization, LayerOptions, Shape, Tensor
from keras_norms.layers.masks import hide
from keras_norms.layers.registration import normalizer
from keras_norms.layers.validation import (
    checked_group_size,
    checked_groups,
    groups_of,
    one_axis,
    positive_axes,
    refuse_batch_axis,
)


@normalizer("group", paper="Wu & He 2018", also=("gn",), splits_channels=True)
@keras.saving.register_keras_serializable(package="keras_norms")
class GroupNormalization(AffineNormalization):
    """Normalizes each example by mean and variance over groups of its channels.

    With channels split into `groups` of neighbours, for each example and each group, over the
    channels of the group and every other axis (space, time) but the batch axis 0:

        y = gamma * (x - mean) / sqrt(var + epsilon) + beta      (gamma, beta per channel)

    Training and inference are the same. `groups=1` is layer normalization over a whole example,
    `groups=-1` (one channel a group) instance normalization.

    Takes the place of `keras.layers.GroupNormalization`: same arguments, weights and order.

    Args:
        groups: how many groups; must divide the number of channels. -1: one channel a group.
        group_size: how many channels a group, instead of `groups`; must divide their number.
        axis: the channel axis, one int.
        epsilon: added to the variance. The code in the paper takes 1e-5, Keras and so this 1e-3.
        center: whether there is a beta.
        scale: whether there is a gamma.
        beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer,
            beta_constraint, gamma_constraint: of beta and gamma.
        **options: name, dtype, trainable.

    Call arguments:
        inputs: tensor (batch, ..., channels, ...) of rank 2 or more.
        training: without effect.
        mask: true where values are visible: of the shape of the inputs without `axis`, or
            broadcasting to them. Hidden values enter no statistic.

    Reference: Wu & He 2018, arXiv 1803.08494.
    """

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        *,
        group_size: int | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        groups, axis = checked_groups(groups), one_axis(axis)
        group_size = checked_group_size(group_size)
        super().__init__(
            axis,
            epsilon,
            center,
            scale,
            beta_initializer,
            gamma_initializer,
            beta_regularizer,
            gamma_regularizer,
            beta_constraint,
            gamma_constraint,
            **options,
        )
        self.groups = groups
        self.group_size = group_size

    @property
    def cancels_bias(self) -> bool:  # a group of several channels keeps their differences
        return self.group_size == 1 or (self.group_size is None and self.groups == -1)

    def build(self, input_shape: Shape) -> None:
        (channel,) = positive_axes(self.axis, input_shape)
        refuse_batch_axis(self.axis, input_shape)
        if (channels := input_shape[channel]) is not None:
            groups_of(channels, self.groups, self.group_size)
        super().build(input_shape)

    def call(
        self, inputs: Tensor, training: bool | None = None, mask: Tensor | None = None
    ) -> Tensor:
        x = self.in_full_precision(inputs)
        (channel,), space = self._layout.kept, self._layout.space
        groups = groups_of(x.shape[channel], self.groups, self.group_size)
        x, visible = hide(x, mask, (channel, *space))
        y = normalize(
            x,
            space,
            self.along_axis(self.gamma, x),
            self.along_axis(self.beta, x),
            epsilon=self.epsilon,
            visible=visible,
            groups=Groups(channel, groups),
        )
        return self.in_output_precision(y)
