"""Root Mean Square Normalization (Zhang & Sennrich 2019)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

import keras

from keras_norms.kernels import normalize
from keras_norms.layers.base import LayerOptions, Normalization, Tensor
from keras_norms.layers.masks import hide
from keras_norms.layers.registration import normalizer
from keras_norms.layers.zero_centered import plus_one


@normalizer("rms", paper="Zhang & Sennrich 2019")
@keras.saving.register_keras_serializable(package="keras_norms")
class RMSNormalization(Normalization):
    """Divides each position of each example by the root mean square of its features.

        y = scale * x / sqrt(mean(x^2) + epsilon)

    with the mean over `axis`, and `scale` (the paper's gain g) of the shape of `axis`. No mean is
    subtracted, so a rescaled input gives the same output but a shifted one does not. Training and
    inference are the same.

    Takes the place of `keras.layers.RMSNormalization`: same arguments and weight.

    Args:
        axis: the feature axis, or several.
        epsilon: added to the mean square. The paper's formula has none; 1e-6 as in Keras.
        zero_centered: whether the weight is stored as its difference from one: the scale is
            `1 + weight`, which starts at zero, so that weight decay draws the scale to one and
            half precision stores it finer.
        **options: name, dtype, trainable.

    Call arguments:
        inputs: tensor of any rank.
        training: without effect.
        mask: true where values are visible; matters only where it varies along `axis`.

    Reference: Zhang & Sennrich 2019, arXiv 1910.07467, equation 4.
    """

    any_rank = True

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 1e-6,
        *,
        zero_centered: bool = False,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(axis, epsilon, **options)
        self.zero_centered = bool(zero_centered)
        self.scale = None

    def build_weights(self, shape: tuple[int, ...]) -> None:
        self.scale = self.add_weight(
            name="scale",
            shape=shape,
            initializer="zeros" if self.zero_centered else "ones",
            autocast=False,
        )

    def call(
        self, inputs: Tensor, training: bool | None = None, mask: Tensor | None = None
    ) -> Tensor:
        x = self.in_full_precision(inputs)
        axes = self.layout_of(x).kept
        x, visible = hide(x, mask, axes)
        y = normalize(
            x,
            axes,
            plus_one(self.along_axis(self.scale, x), self.zero_centered),
            epsilon=self.epsilon,
            visible=visible,
            centred=False,
        )
        return self.in_output_precision(y)
