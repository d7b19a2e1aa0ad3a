"""Dynamic Tanh (Zhu, Chen, He, LeCun & Liu 2025)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import keras
from keras import ops

from keras_norms.kernels import native
from keras_norms.layers.base import AffineNormalization, AffineOptions, Tensor
from keras_norms.layers.masks import hide
from keras_norms.layers.registration import normalizer
from keras_norms.layers.validation import constant_or_initializer


@normalizer("dynamic_tanh", paper="Zhu et al. 2025", also=("dyt",))
@keras.saving.register_keras_serializable(package="keras_norms")
class DynamicTanh(AffineNormalization):
    """Squashes instead of normalizing: no statistics are taken at all.

        y = gamma * tanh(alpha * x) + beta      (alpha one number, gamma and beta per channel)

    Each value is treated alone, so that the layer depends on no other example, position or
    channel; large inputs saturate, which is what the paper finds layer normalization to do in
    transformers. Training and inference are the same.

    The paper starts alpha at 0.5, and in language models at values of its own by width and
    place: give `alpha_initializer`.

    Args:
        axis: the feature axis, or several: the shape of gamma and beta.
        center: whether there is a beta.
        scale: whether there is a gamma.
        alpha_initializer: of alpha; an initializer or a number.
        **options: initializers, regularizers and constraints of gamma and beta; name, dtype.

    Call arguments:
        inputs: tensor of any rank of at least 1.
        training: without effect.
        mask: true where values are visible; hidden ones spoil no gradient, even if not finite.

    Reference: Zhu et al. 2025, arXiv 2503.10622 (DyT).
    """

    any_rank = True

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        center: bool = True,
        scale: bool = True,
        *,
        alpha_initializer: Any = 0.5,
        **options: Unpack[AffineOptions],
    ) -> None:
        super().__init__(axis, 0.0, center, scale, **options)
        self.alpha_initializer = constant_or_initializer(alpha_initializer)
        self.alpha = None

    def build_weights(self, shape: tuple[int, ...]) -> None:
        super().build_weights(shape)
        self.alpha = self.add_weight(
            name="alpha", shape=(), initializer=self.alpha_initializer, autocast=False
        )

    def call(
        self, inputs: Tensor, training: bool | None = None, mask: Tensor | None = None
    ) -> Tensor:
        x = self.in_full_precision(inputs)
        x, _ = hide(x, mask, reduced=())
        y = native.tanh(ops.cast(ops.convert_to_tensor(self.alpha), x.dtype) * x)
        return self.in_output_precision(self.scale_and_shift(y, x))
