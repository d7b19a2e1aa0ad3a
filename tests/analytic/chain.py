"""A linear layer and what follows it as one layer, in float64 on every backend."""

from __future__ import annotations

import keras


class Linear(keras.layers.Layer):
    """Dense without a bias. Keras's own would multiply in float32 on torch."""

    def __init__(self, units: int, **options) -> None:
        super().__init__(**options)
        self.units = units

    def build(self, shape: tuple[int, ...]) -> None:
        self.kernel = self.add_weight(name="kernel", shape=(shape[-1], self.units))

    def call(self, x, training=None):
        return x @ self.kernel

    def compute_output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (*shape[:-1], self.units)


class Chain(keras.layers.Layer):
    """Layers one after the other. A Sequential model has no dtype, by which `program` goes."""

    def __init__(self, *links: keras.layers.Layer) -> None:
        super().__init__(dtype=links[0].dtype_policy)
        self.links = list(links)

    def build(self, shape: tuple[int, ...]) -> None:
        for link in self.links:
            link.build(shape)
            shape = link.compute_output_shape(shape)

    def call(self, x, training=None, mask=None):
        for link in self.links:
            x = link(x, training=training)
        return x
