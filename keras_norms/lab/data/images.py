"""A data set for image classification."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class ImageData:
    """Images (float32, NHWC, standardized) and labels (int32) for training and testing."""

    name: str
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    classes: int

    @property
    def input_shape(self) -> tuple[int, ...]:
        return self.x_train.shape[1:]


def standardized(
    name: str,
    train: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
    classes: int,
) -> ImageData:
    """Images minus the training mean, over the training deviation, channel by channel."""
    x_train, y_train = train
    x_test, y_test = test
    mean = x_train.mean(axis=(0, 1, 2), dtype=np.float64)
    deviation = x_train.std(axis=(0, 1, 2), dtype=np.float64)

    def scale(x: np.ndarray) -> np.ndarray:
        x = x.astype(np.float32)
        x -= mean.astype(np.float32)
        x /= np.maximum(deviation, 1e-12).astype(np.float32)
        return x

    return ImageData(
        name,
        scale(x_train),
        y_train.astype(np.int32),
        scale(x_test),
        y_test.astype(np.int32),
        classes,
    )
