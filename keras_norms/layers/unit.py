"""Unit normalization: vectors of length one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from keras_norms.kernels import scaled_squares
from keras_norms.layers.base import Normalization, Tensor
from keras_norms.layers.masks import hide
from keras_norms.layers.registration import normalizer


@normalizer("unit", paper="Blue 1978")
@keras.saving.register_keras_serializable(package="keras_norms")
class UnitNormalization(Normalization):
    """Divides each vector along `axis` by its Euclidean length.

        y = x / sqrt(sum(x^2))

    Computed as `z / sqrt(sum(z^2))` with `z = x / max(|x|)`, so that no square overflows or
    vanishes: exact for float32 up to its largest and down to its smallest normal numbers, and
    for half precision as well. The zero vector stays zero and passes no gradient. Training and
    inference are the same; there are no weights.

    Takes the place of `keras.layers.UnitNormalization`, which squares in the policy's dtype, so
    that in float16 a vector of 300s comes out as zeros.

    Args:
        axis: the axis of the vectors, or several.
        **options: name, dtype.

    Call arguments:
        inputs: tensor of any rank of at least 1.
        training: without effect.
        mask: true where values are visible; matters only where it varies along `axis`: hidden
            values do not count for the length.

    Reference: the scale-safe Euclidean norm of Blue 1978, ACM TOMS 4(1), doi 10.1145/355769.355771,
    simplified to one scale a vector.
    """

    any_rank = True

    def __init__(self, axis: int | Sequence[int] = -1, **options: Any) -> None:
        super().__init__(axis, epsilon=0.0, **options)
        self._build_at_init()

    build = keras.layers.Layer.build  # without weights there is nothing to do

    def call(
        self, inputs: Tensor, training: bool | None = None, mask: Tensor | None = None
    ) -> Tensor:
        x = self.in_full_precision(inputs)
        axes = self.layout_of(x).kept
        x, visible = hide(x, mask, axes)
        seen = x if visible is None else ops.where(visible, x, 0)
        scale, _, squares = scaled_squares(seen, axes)
        exists = squares > 0
        y = x / scale * ops.rsqrt(ops.where(exists, squares, 1))
        return self.in_output_precision(ops.where(exists, y, 0))
