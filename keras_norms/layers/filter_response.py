"""Filter Response Normalization and the Thresholded Linear Unit (Singh & Krishnan 2020)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import keras
from keras import constraints, initializers, ops, regularizers

from keras_norms.kernels import affine, normalize
from keras_norms.kernels.moments import mean_square
from keras_norms.layers.base import (
    AffineNormalization,
    AffineOptions,
    Normalization,
    Shape,
    Tensor,
)
from keras_norms.layers.masks import hide
from keras_norms.layers.placement import Layers, activation_layers, on_channels
from keras_norms.layers.registration import normalizer
from keras_norms.layers.validation import refuse_batch_axis


def thresholded(kind: type, linear: Any, activation: Any, **arguments: Any) -> Layers:
    """Filter response normalization, then its own unit (TLU) in the place of any activation.

    A block without activation, as before the sum of a residual block, stays without.
    """
    first = on_channels(kind, linear, **arguments)
    if not activation_layers(activation):
        return [first]
    return [first, ThresholdedLinearUnit(axis=first.axis)]


@normalizer(
    "filter_response",
    paper="Singh & Krishnan 2020",
    also=("frn",),
    follow=thresholded,
    needs_space=True,
)
@keras.saving.register_keras_serializable(package="keras_norms")
class FilterResponseNormalization(AffineNormalization):
    """Divides each channel of each example by its root mean square over space.

        nu2 = mean(x^2),   y = gamma * x / sqrt(nu2 + epsilon) + beta     (gamma, beta per channel)

    with the mean over every axis but the batch axis 0 and `axis`. No mean is subtracted, so a
    `ThresholdedLinearUnit` should follow in place of a ReLU, as the scheme "filter_response" has
    it. Training and inference are the same.

    Where a channel has a single value (rank 2, or 1x1 maps), `y` tends to the sign of `x`; there
    a learned part, `epsilon + |learned_epsilon|`, makes the step smooth.

    The learned part is one number that starts at 1e-4, beside a constant of 1e-6, as in TensorFlow
    Addons. Other published code takes its absolute value alone and starts it at 1e-5 or 1e-6. The
    paper advises a warm-up of the learning rate, which is the user's affair.

    Args:
        axis: the channel axis, or several.
        epsilon: added to the mean square.
        center: whether there is a beta.
        scale: whether there is a gamma.
        learnable_epsilon: whether there is a `learned_epsilon`; meant for 1x1 maps.
        epsilon_initializer: of `learned_epsilon`.
        epsilon_constraint: of `learned_epsilon`, as TensorFlow Addons has it.
        **options: initializers, regularizers and constraints of gamma and beta; name, dtype.

    Call arguments:
        inputs: tensor (batch, ..., channels, ...).
        training: without effect.
        mask: true where values are visible: of the shape of the inputs without `axis`, or
            broadcasting to them. Hidden values enter no statistic.

    Reference: Singh & Krishnan 2020, arXiv 1911.09737 (FRN layer).
    """

    absorbs_activation = True

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 1e-6,
        center: bool = True,
        scale: bool = True,
        *,
        learnable_epsilon: bool = False,
        epsilon_initializer: Any = 1e-4,
        epsilon_constraint: Any = None,
        **options: Unpack[AffineOptions],
    ) -> None:
        super().__init__(axis, epsilon, center, scale, **options)
        if isinstance(epsilon_initializer, (int, float)):
            epsilon_initializer = initializers.Constant(epsilon_initializer)
        self.learnable_epsilon = bool(learnable_epsilon)
        self.epsilon_initializer = initializers.get(epsilon_initializer)
        self.epsilon_constraint = constraints.get(epsilon_constraint)
        self.learned_epsilon = None

    def build(self, input_shape: Shape) -> None:
        refuse_batch_axis(self.axis, input_shape)
        super().build(input_shape)

    def build_weights(self, shape: tuple[int, ...]) -> None:
        super().build_weights(shape)
        if self.learnable_epsilon:
            self.learned_epsilon = self.add_weight(
                name="learned_epsilon",
                shape=(),
                initializer=self.epsilon_initializer,
                constraint=self.epsilon_constraint,
                autocast=False,
            )

    def call(
        self, inputs: Tensor, training: bool | None = None, mask: Tensor | None = None
    ) -> Tensor:
        x = self.in_full_precision(inputs)
        axes = self._layout.space
        x, visible = hide(x, mask, axes)
        gamma, beta = self.along_axis(self.gamma, x), self.along_axis(self.beta, x)
        if self.learned_epsilon is None:
            y = normalize(
                x, axes, gamma, beta, epsilon=self.epsilon, visible=visible, centred=False
            )
        else:
            learned = ops.cast(ops.convert_to_tensor(self.learned_epsilon), x.dtype)
            epsilon = self.epsilon + ops.abs(learned)
            y = affine(x, mean_square(x, axes, visible), gamma, beta, epsilon)
        return self.in_output_precision(y)


@keras.saving.register_keras_serializable(package="keras_norms")
class ThresholdedLinearUnit(Normalization):
    """A ReLU whose threshold is learned: `y = max(x, tau)`, tau per channel.

    The activation of `FilterResponseNormalization`, whose outputs are not centred. With tau at
    zero, where it starts, it is a ReLU. Training and inference are the same.

    Args:
        axis: the channel axis, or several.
        tau_initializer: of tau.
        tau_regularizer: of tau.
        tau_constraint: of tau.
        **options: name, dtype, trainable.

    Call arguments:
        inputs: tensor of any rank of at least 1.
        training: without effect.
        mask: passed on.

    Reference: Singh & Krishnan 2020, arXiv 1911.09737 (TLU).
    """

    any_rank = True

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        *,
        tau_initializer: Any = "zeros",
        tau_regularizer: Any = None,
        tau_constraint: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(axis, epsilon=0.0, **options)
        self.tau_initializer = initializers.get(tau_initializer)
        self.tau_regularizer = regularizers.get(tau_regularizer)
        self.tau_constraint = constraints.get(tau_constraint)
        self.tau = None

    def build_weights(self, shape: tuple[int, ...]) -> None:
        self.tau = self.add_weight(
            name="tau",
            shape=shape,
            initializer=self.tau_initializer,
            regularizer=self.tau_regularizer,
            constraint=self.tau_constraint,
            autocast=False,
        )

    def call(
        self, inputs: Tensor, training: bool | None = None, mask: Tensor | None = None
    ) -> Tensor:
        x = self.in_full_precision(inputs)
        tau = self.along_axis(self.tau, x)
        return self.in_output_precision(ops.where(x > tau, x, tau))
