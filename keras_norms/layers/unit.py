"""Unit normalization: vectors of length one."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from keras_norms.layers.base import Normalization, Shape, Tensor
from keras_norms.layers.masks import hide
from keras_norms.layers.registration import normalizer
from keras_norms.layers.validation import positive_axes


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

    Raises:
        TypeError: `axis` is no int and no list or tuple, as in Keras.
        ValueError: `axis` is out of range, or named twice.

    Call arguments:
        inputs: tensor of any rank of at least 1.
        training: without effect.
        mask: true where values are visible; matters only where it varies along `axis`: hidden
            values do not count for the length.

    Reference: the scale-safe Euclidean norm of Blue 1978, ACM TOMS 4(1), doi 10.1145/355769.355771,
    simplified to one scale a vector.
    """

    def __init__(self, axis: int | Sequence[int] = -1, **options: Any) -> None:
        if not isinstance(axis, (numbers.Integral, list, tuple)):
            raise TypeError(
                "Invalid value for `axis` argument: expected an int or a list/tuple of ints. "
                f"Received: axis={axis!r}"
            )
        super().__init__(axis, epsilon=0.0, **options)
        # Without weights there is nothing to build, unless a subclass says otherwise.
        self.built = type(self).build is UnitNormalization.build

    def build(self, input_shape: Shape) -> None:
        positive_axes(self.axis, input_shape)  # without weights every size may be undefined

    def call(
        self, inputs: Tensor, training: bool | None = None, mask: Tensor | None = None
    ) -> Tensor:
        x = self.in_full_precision(inputs)
        axes = positive_axes(self.axis, x.shape)
        x, visible = hide(x, mask, axes[-1], axes)
        seen = x if visible is None else ops.where(visible, x, 0)
        # The result does not depend on the scale, so neither does its gradient.
        largest = ops.max(ops.abs(ops.stop_gradient(seen)), axis=axes, keepdims=True, initial=0)
        exists = largest > 0
        # Within these limits the reciprocal is a normal number; XLA may multiply by it.
        limit = 1e300 if keras.backend.standardize_dtype(x.dtype) == "float64" else 1e30
        scale = ops.where(
            largest > limit, limit, ops.where(largest < 1 / limit, 1 / limit, largest)
        )
        squares = ops.sum(ops.square(seen / scale), axis=axes, keepdims=True)
        y = x / scale * ops.rsqrt(ops.where(exists, squares, 1))
        return self.in_output_precision(ops.where(exists, y, 0))

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.pop("epsilon")  # no length is changed by one
        return config
