"""Local response normalization, which batch normalization made superfluous."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_norms.lab")
class LocalResponseNormalization(keras.layers.Layer):
    """`y_c = x_c / (2 + 1e-4 sum x_j^2)^0.75` over the five channels j nearest to c.

    Krizhevsky et al. 2012, Section 3.3, with their constants; fewer channels at either end. Any
    shape with channels last; no weights; training and inference are alike.
    """

    NEIGHBOURS, K, ALPHA, BETA = 5, 2.0, 1e-4, 0.75

    def call(self, x: Any) -> Any:
        channels, reach = x.shape[-1], self.NEIGHBOURS // 2
        squares = ops.pad(ops.square(x), [(0, 0)] * (len(x.shape) - 1) + [(reach, reach)])
        total = sum(squares[..., k : k + channels] for k in range(self.NEIGHBOURS))
        return x / ops.power(self.K + self.ALPHA * total, self.BETA)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return shape
