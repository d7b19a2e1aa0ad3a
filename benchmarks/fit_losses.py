"""The loss at each step of `model.fit`, of a small residual network with a normalizer."""

from __future__ import annotations

import keras
import numpy as np

import keras_norms
from keras_norms.lab import data
from keras_norms.lab.models.resnet import resnet

BATCH = 64


class Losses(keras.callbacks.Callback):
    """The loss of each batch, where `fit` reports the running mean of an epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.values: list[float] = []

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        mean = float((logs or {})["loss"])
        before = sum(self.values[-batch:]) if batch else 0.0
        self.values.append(mean * (batch + 1) - before)


def losses(*, spec: str, steps: int, seed: int) -> list[float]:
    """The loss at each step, on the digits; 1e300 where it is not finite, which JSON can hold."""
    images = data.load("digits")
    keras.utils.set_random_seed(seed)
    shape, classes = images.input_shape, images.classes
    model = resnet(keras_norms.get(spec), depth=8, width=8, input_shape=shape, classes=classes)
    model.compile(
        keras.optimizers.SGD(0.02, momentum=0.9),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=keras.config.backend() == "jax",
    )
    told = Losses()
    order = np.random.default_rng(seed).permutation(len(images.x_train))
    chosen = np.tile(order, -(-steps * BATCH // len(order)))[: steps * BATCH]
    x, y = images.x_train[chosen], images.y_train[chosen]
    model.fit(x, y, batch_size=BATCH, verbose=0, shuffle=False, callbacks=[told])
    keras.backend.clear_session()
    return [value if np.isfinite(value) else 1e300 for value in told.values]
