"""EvoNorms of the S series, for each example alone (Liu, Brock, Simonyan & Le 2020)."""

from __future__ import annotations

from typing import Unpack

import keras
from keras import ops

from keras_norms.kernels import Groups, moments
from keras_norms.layers.base import AffineNormalization, AffineOptions, Shape, Tensor
from keras_norms.layers.masks import hide
from keras_norms.layers.placement import instead_of_activation
from keras_norms.layers.registration import normalizer
from keras_norms.layers.validation import (
    checked_group_size,
    checked_groups,
    groups_of,
    one_axis,
    positive_axes,
    refuse_batch_axis,
)


class _SampleEvoNorm(AffineNormalization):
    """The S series: `gate(x) / sqrt(var + epsilon)` with the variance of a group of channels."""

    absorbs_activation = True
    weighted = False  # whether the gate has a weight v for each channel
    always_normalizes = False  # also without its activation

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-5,
        center: bool = True,
        scale: bool = True,
        *,
        group_size: int | None = None,
        apply_activation: bool = True,
        **options: Unpack[AffineOptions],
    ) -> None:
        groups, axis = checked_groups(groups), one_axis(axis)
        group_size = checked_group_size(group_size)
        super().__init__(axis, epsilon, center, scale, **options)
        self.groups = groups
        self.group_size = group_size
        self.apply_activation = bool(apply_activation)
        self.v = None

    def build(self, input_shape: Shape) -> None:
        (channel,) = positive_axes(self.axis, input_shape)
        refuse_batch_axis(self.axis, input_shape)
        if (channels := input_shape[channel]) is not None:
            groups_of(channels, self.groups, self.group_size)
        super().build(input_shape)

    def build_weights(self, shape: tuple[int, ...]) -> None:
        super().build_weights(shape)
        if self.weighted and self.apply_activation:
            self.v = self.add_weight(name="v", shape=shape, initializer="ones", autocast=False)

    def call(
        self, inputs: Tensor, training: bool | None = None, mask: Tensor | None = None
    ) -> Tensor:
        x = self.in_full_precision(inputs)
        (channel,), space = self._layout.kept, self._layout.space
        groups = groups_of(x.shape[channel], self.groups, self.group_size)
        x, visible = hide(x, mask, (channel, *space))
        y = self.gate(x, self.along_axis(self.v, x)) if self.apply_activation else x
        if self.apply_activation or self.always_normalizes:
            variance = moments(x, space, visible, Groups(channel, groups)).variance
            y = y * ops.rsqrt(variance + self.epsilon)
        return self.in_output_precision(self.scale_and_shift(y, x))

    def gate(self, x: Tensor, v: Tensor | None) -> Tensor:
        """The numerator."""
        raise NotImplementedError


@normalizer(
    "evonorm_s0", paper="Liu et al. 2020", follow=instead_of_activation, splits_channels=True
)
@keras.saving.register_keras_serializable(package="keras_norms")
class EvoNormS0(_SampleEvoNorm):
    """Normalization and activation in one, for each example alone.

        y = gamma * x * sigmoid(v * x) / sqrt(var + epsilon) + beta     (gamma, beta, v a channel)

    with the variance of a group of neighbouring channels of one example, over every axis but the
    batch axis 0, around a mean that is not subtracted. Training and inference are the same. It
    takes the place of a normalizer and the activation after it.

    As in the authors' code, epsilon is 1e-5 under the root, the variance biased (published torch
    code often takes the unbiased one), gamma and v start at one and beta at zero.

    Costs about 4 times batch normalization in TensorFlow's plain graph, where that is one fused
    operation and here the sigmoid, the variance and the product are passes of their own; on a CPU
    under XLA, whose reductions are slow, 6 to 15 times.

    Args:
        groups: how many groups; must divide the number of channels. -1: one channel a group.
        axis: the channel axis, one int.
        epsilon: added to the variance.
        center: whether there is a beta.
        scale: whether there is a gamma.
        group_size: how many channels a group, instead of `groups`.
        apply_activation: the authors' `nonlinearity`: False leaves `gamma * x + beta`, neither
            activated nor normalized, and no v. `EvoNormS0a` normalizes there.
        **options: initializers, regularizers and constraints of gamma and beta; name, dtype.

    Call arguments:
        inputs: tensor (batch, ..., channels, ...) of rank 2 or more.
        training: without effect.
        mask: true where values are visible: of the shape of the inputs without `axis`, or
            broadcasting to them. Hidden values enter no statistic.

    Reference: Liu et al. 2020, arXiv 2004.02967 (EvoNorm-S0).
    """

    weighted = True

    def gate(self, x: Tensor, v: Tensor | None) -> Tensor:
        return x * ops.sigmoid(v * x)


@normalizer(
    "evonorm_s1", paper="Liu et al. 2020", follow=instead_of_activation, splits_channels=True
)
@keras.saving.register_keras_serializable(package="keras_norms")
class EvoNormS1(_SampleEvoNorm):
    """`EvoNormS0` without the weight in the sigmoid.

        y = gamma * x * sigmoid(x) / sqrt(var + epsilon) + beta

    Everything else is as there.

    Reference: Liu et al. 2020, arXiv 2004.02967 (EvoNorm-S1).
    """

    def gate(self, x: Tensor, v: Tensor | None) -> Tensor:
        return x * ops.sigmoid(x)


@normalizer(
    "evonorm_s0a", paper="Liu et al. 2020", follow=instead_of_activation, splits_channels=True
)
@keras.saving.register_keras_serializable(package="keras_norms")
class EvoNormS0a(EvoNormS0):
    """`EvoNormS0` as timm's variant "a" has it: normalized also without activation.

        y = gamma * x / sqrt(var + epsilon) + beta     where `apply_activation=False`

    With the activation it is `EvoNormS0`, but for an epsilon of 1e-3. Everything else is as there.
    """

    always_normalizes = True

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        *,
        group_size: int | None = None,
        apply_activation: bool = True,
        **options: Unpack[AffineOptions],
    ) -> None:
        super().__init__(
            groups,
            axis,
            epsilon,
            center,
            scale,
            group_size=group_size,
            apply_activation=apply_activation,
            **options,
        )


@normalizer(
    "evonorm_s1a", paper="Liu et al. 2020", follow=instead_of_activation, splits_channels=True
)
@keras.saving.register_keras_serializable(package="keras_norms")
class EvoNormS1a(EvoNormS0a):
    """`EvoNormS1` as timm's variant "a" has it: normalized also without activation.

    With the activation it is `EvoNormS1`, but for an epsilon of 1e-3; without, `EvoNormS0a`.
    """

    weighted = False
    gate = EvoNormS1.gate
