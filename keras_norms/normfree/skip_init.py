"""SkipInit (De & Smith 2020)."""

from __future__ import annotations

from typing import Any

import keras
from keras import initializers, ops, regularizers

Tensor = Any
Shape = tuple[int | None, ...]


@keras.saving.register_keras_serializable(package="keras_norms")
class SkipInit(keras.layers.Layer):
    """Multiplies by one learned number that starts at zero.

        y = alpha * x

    At the end of each residual branch, before the addition, it makes every block the identity at
    the start, as batch normalization nearly does in deep networks. Training and inference are the
    same; any shape.

    Alpha decays only by a `regularizer`, or by the decay of the optimizer.

    Args:
        initializer: of alpha; zero in the paper, one for Fixup's multiplier.
        regularizer: of alpha.

    Reference: De & Smith 2020, arXiv 2002.10444.
    """

    def __init__(self, initializer: Any = "zeros", regularizer: Any = None, **options: Any) -> None:
        super().__init__(**options)
        self.initializer = initializers.get(initializer)
        self.regularizer = regularizers.get(regularizer)
        self.alpha = None
        self.supports_masking = True

    def build(self, input_shape: Shape) -> None:
        self.alpha = self.add_weight(
            name="alpha", shape=(), initializer=self.initializer, regularizer=self.regularizer
        )

    def call(
        self, inputs: Tensor, training: bool | None = None, mask: Tensor | None = None
    ) -> Tensor:
        return inputs * ops.convert_to_tensor(self.alpha)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "initializer": initializers.serialize(self.initializer),
            "regularizer": regularizers.serialize(self.regularizer),
        }
