"""Instance Normalization (Ulyanov, Vedaldi & Lempitsky 2016)."""

from __future__ import annotations

import keras

from keras_norms.kernels import normalize
from keras_norms.layers.base import AffineNormalization, Shape, Tensor
from keras_norms.layers.masks import hide
from keras_norms.layers.registration import normalizer
from keras_norms.layers.validation import refuse_batch_axis


@normalizer("instance", paper="Ulyanov et al. 2016", also=("in",), needs_space=True)
@keras.saving.register_keras_serializable(package="keras_norms")
class InstanceNormalization(AffineNormalization):
    """Normalizes each channel of each example by its own mean and variance over space.

        y = gamma * (x - mean) / sqrt(var + epsilon) + beta      (gamma, beta per channel)

    with mean and variance over every axis but the batch axis 0 and `axis`. Training and inference
    are the same. Equals `GroupNormalization(groups=-1)`, weights and all. Where a channel has a
    single value (rank 2, or 1x1 maps) its variance is zero and the output is beta.

    Args:
        axis: the channel axis, or several.
        epsilon: added to the variance; 1e-3 as in Keras's layers.
        center: whether there is a beta.
        scale: whether there is a gamma.
        **options: initializers, regularizers and constraints of gamma and beta; name, dtype.

    Call arguments:
        inputs: tensor (batch, ..., channels, ...).
        training: without effect.
        mask: true where values are visible: of the shape of the inputs without `axis`, or
            broadcasting to them. Hidden values enter no statistic.

    Reference: Ulyanov et al. 2016, arXiv 1607.08022.
    """

    cancels_bias = True

    def build(self, input_shape: Shape) -> None:
        refuse_batch_axis(self.axis, input_shape)
        super().build(input_shape)

    def call(
        self, inputs: Tensor, training: bool | None = None, mask: Tensor | None = None
    ) -> Tensor:
        x = self.in_full_precision(inputs)
        axes = self._layout.space
        x, visible = hide(x, mask, axes)
        y = normalize(
            x,
            axes,
            self.along_axis(self.gamma, x),
            self.along_axis(self.beta, x),
            epsilon=self.epsilon,
            visible=visible,
        )
        return self.in_output_precision(y)
