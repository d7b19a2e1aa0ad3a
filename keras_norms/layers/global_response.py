"""Global Response Normalization (Woo, Debnath, Hu, Chen, Liu, Kweon & Xie 2023)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Unpack

import keras
from keras import ops

from keras_norms.kernels import at_least
from keras_norms.kernels.moments import mean_square, total
from keras_norms.layers.base import AffineNormalization, AffineOptions, Shape, Tensor
from keras_norms.layers.masks import hide
from keras_norms.layers.placement import after_activation
from keras_norms.layers.registration import normalizer
from keras_norms.layers.validation import refuse_batch_axis

# A smaller sum of squares may be flushed to zero, where the root has no slope.
LEAST = 1e-36


@normalizer(
    "global_response",
    paper="Woo et al. 2023",
    also=("grn",),
    follow=after_activation,
    needs_space=True,
)
@keras.saving.register_keras_serializable(package="keras_norms")
class GlobalResponseNormalization(AffineNormalization):
    """Lets the channels of each example compete: strong ones grow at the cost of weak ones.

        g = sqrt(sum(x^2)),   n = g / (mean(g) + epsilon)
        y = gamma * x * n + beta + x                              (gamma, beta per channel)

    with the sum over every axis but the batch axis 0 and `axis`, and the mean over the channels,
    along `axis`. Training and inference are the same. The input is added, and gamma and beta start
    at zero: a new layer is the identity. It bounds nothing, so that it complements another
    normalizer and does not replace one; in ConvNeXt V2 it stands behind the activation, in the
    wide part of a block.

    The response `n` is a mean of one over the channels, whatever the scale of the inputs. A
    channel of zeros has the response zero, and zero inputs give beta.

    Args:
        axis: the channel axis, or several.
        epsilon: added to the mean length; 1e-6 as in the published code.
        center: whether there is a beta.
        scale: whether there is a gamma; without one it counts as 1, not as 0.
        **options: initializers, regularizers and constraints of gamma and beta, both "zeros" by
            default; name, dtype.

    Call arguments:
        inputs: tensor (batch, ..., channels, ...).
        training: without effect.
        mask: true where values are visible: of the shape of the inputs without `axis`, or
            broadcasting to them. Hidden values enter no length, and a channel of an example that
            is hidden whole does not count for the mean.

    Reference: Woo et al. 2023, arXiv 2301.00808 (GRN), as in the dense layers of its code.
    """

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 1e-6,
        center: bool = True,
        scale: bool = True,
        **options: Unpack[AffineOptions],
    ) -> None:
        options.setdefault("gamma_initializer", "zeros")
        super().__init__(axis, epsilon, center, scale, **options)

    def build(self, input_shape: Shape) -> None:
        refuse_batch_axis(self.axis, input_shape)
        super().build(input_shape)

    def call(
        self, inputs: Tensor, training: bool | None = None, mask: Tensor | None = None
    ) -> Tensor:
        x = self.in_full_precision(inputs)
        channels, space = self._layout.kept, self._layout.space
        x, visible = hide(x, mask, (*space, *channels))
        power = mean_square(x, space, visible)
        squares = power.variance * power.count
        exists = squares > LEAST
        length = ops.where(exists, ops.sqrt(ops.where(exists, squares, 1)), 0)
        number = math.prod([x.shape[axis] for axis in channels])
        if visible is not None:
            number = at_least(total(ops.cast(power.count > 0, x.dtype), channels), 1)
        mean = total(length, channels) / number + self.epsilon
        response = length / ops.where(mean > 0, mean, 1)
        if self.gamma is not None:
            response = response * self.along_axis(self.gamma, x)
        y = x * (1 + response)
        y = y if self.beta is None else y + self.along_axis(self.beta, x)
        return self.in_output_precision(y)
