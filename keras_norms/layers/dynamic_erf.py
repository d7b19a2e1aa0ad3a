"""Dynamic erf, "Derf" (Chen, Lu, Zhu, Sun & Liu 2025)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import keras
from keras import ops

from keras_norms.layers.base import AffineNormalization, AffineOptions, Tensor
from keras_norms.layers.masks import hide
from keras_norms.layers.registration import normalizer
from keras_norms.layers.validation import constant_or_initializer


@normalizer("dynamic_erf", paper="Chen et al. 2025", also=("derf",))
@keras.saving.register_keras_serializable(package="keras_norms")
class DynamicErf(AffineNormalization):
    """Squashes by the error function instead of normalizing: no statistics are taken at all.

        y = gamma * erf(alpha * x + shift) + beta

    with alpha and shift one number each, gamma and beta per channel, and erf(z) = 2 Phi(sqrt(2) z)
    - 1 with Phi the normal distribution. Each value is treated alone, as in `DynamicTanh`, which
    saturates more slowly and has no shift. Training and inference are the same. LiteRT has no erf:
    convert with `tf.lite.OpsSet.SELECT_TF_OPS` among the supported operations.

    Args:
        axis: the feature axis, or several: the shape of gamma and beta.
        center: whether there is a beta.
        scale: whether there is a gamma.
        alpha_initializer: of alpha; an initializer or a number, 0.5 in the authors' code.
        shift_initializer: of the shift, likewise; 0 in the authors' code.
        **options: initializers, regularizers and constraints of gamma and beta; name, dtype.

    Call arguments:
        inputs: tensor of any rank of at least 1.
        training: without effect.
        mask: true where values are visible; hidden ones spoil no gradient, even if not finite.

    Reference: Chen et al. 2025, arXiv 2512.10938 (Derf).
    """

    any_rank = True

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        center: bool = True,
        scale: bool = True,
        *,
        alpha_initializer: Any = 0.5,
        shift_initializer: Any = 0.0,
        **options: Unpack[AffineOptions],
    ) -> None:
        super().__init__(axis, 0.0, center, scale, **options)
        self.alpha_initializer = constant_or_initializer(alpha_initializer)
        self.shift_initializer = constant_or_initializer(shift_initializer)
        self.alpha = self.shift = None

    def build_weights(self, shape: tuple[int, ...]) -> None:
        super().build_weights(shape)
        self.alpha = self.add_weight(
            name="alpha", shape=(), initializer=self.alpha_initializer, autocast=False
        )
        self.shift = self.add_weight(
            name="shift", shape=(), initializer=self.shift_initializer, autocast=False
        )

    def call(
        self, inputs: Tensor, training: bool | None = None, mask: Tensor | None = None
    ) -> Tensor:
        x = self.in_full_precision(inputs)
        x, _ = hide(x, mask, reduced=())
        alpha, shift = (
            ops.cast(ops.convert_to_tensor(weight), x.dtype) for weight in (self.alpha, self.shift)
        )
        return self.in_output_precision(self.scale_and_shift(ops.erf(alpha * x + shift), x))
