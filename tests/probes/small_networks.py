"""Small networks, with and without normalizers, and a batch."""

from __future__ import annotations

import keras
import numpy as np

CLASSES = 3


def batch(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(6, 5, 5, 2)).astype(np.float32), rng.integers(0, CLASSES, 6, np.int32)


def convolutional(*, normalized: bool, dropout: float = 0.0) -> keras.Model:
    """Two convolutions, the second with a stride, joined to a shortcut of the first."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((5, 5, 2))
    x = keras.layers.Conv2D(4, 3, padding="same", name="first")(inputs)
    x = keras.layers.BatchNormalization()(x) if normalized else x
    x = keras.layers.Dropout(dropout)(keras.layers.Activation("tanh")(x))
    y = keras.layers.Conv2D(4, 3, padding="same", strides=2, name="second")(x)
    z = keras.layers.Conv2D(4, 1, padding="same", strides=2, name="third")(x)
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Add(name="sum")([y, z]))
    return keras.Model(inputs, keras.layers.Dense(CLASSES, name="head")(x))


def values(model: keras.Model) -> list[np.ndarray]:
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in model.variables]
