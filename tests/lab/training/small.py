"""A data set and runs so small that a program is compiled in a second."""

from __future__ import annotations

import numpy as np

from keras_norms.lab.data import ImageData
from keras_norms.lab.training import Run

CLASSES = 3


def small_data(size: int = 3, train: int = 50, test: int = 21) -> ImageData:
    """Noise with a bright corner that tells the class, so that it can be learned."""
    rng = np.random.default_rng(0)

    def draw(count: int) -> tuple[np.ndarray, np.ndarray]:
        labels = rng.integers(0, CLASSES, count, np.int32)
        images = rng.normal(size=(count, size, size, 1)).astype(np.float32)
        images[np.arange(count), 0, labels, 0] += 3
        return images, labels

    return ImageData("small", *draw(train), *draw(test), CLASSES)


def small_run(**fields: object) -> Run:
    given = {"depth": 2, "width": 6, "batch": 12, "steps": 8, "learning_rate": 0.1}
    return Run(**given | fields)
