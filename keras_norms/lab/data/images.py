"""A data set for image classification."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

BLOCK = 4096  # images that are widened at a time


@dataclass(frozen=True, eq=False)
class ImageData:
    """Images (float32, NHWC) and labels (int32) for training and testing; or texts, as numbers."""

    name: str
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    classes: int

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Height, width, channels."""
        return self.x_train.shape[1:]


def standardized(
    name: str,
    train: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
    classes: int,
) -> ImageData:
    """Images minus the training mean, over the training standard deviation, channel by channel.

    That does not know the unit, so pixels of 0 to 255 and of 0 to 1 come out alike. A
    channel that never varies becomes zero.
    """
    (x_train, y_train), (x_test, y_test) = train, test
    mean, deviation = _moments(x_train)

    def scale(x: np.ndarray) -> np.ndarray:
        x = x.astype(np.float32)
        x -= mean.astype(np.float32)
        x /= np.where(deviation > 0, deviation, 1).astype(np.float32)
        return x

    return ImageData(
        name,
        scale(x_train),
        y_train.astype(np.int32),
        scale(x_test),
        y_test.astype(np.int32),
        classes,
    )


def binarized(
    name: str,
    train: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
    classes: int,
) -> ImageData:
    """Images of 0 and 1: 1 where a value is above half of the largest to train on."""
    (x_train, y_train), (x_test, y_test) = train, test
    half = x_train.max() / 2
    return ImageData(
        name,
        (x_train > half).astype(np.float32),
        y_train.astype(np.int32),
        (x_test > half).astype(np.float32),
        y_test.astype(np.int32),
        classes,
    )


def _moments(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each channel, in float64 without a float64 copy of the set."""
    values = images[..., 0].size
    mean = sum(block.sum(axis=(0, 1, 2)) for block in _blocks(images)) / values
    squares = sum(np.square(block - mean).sum(axis=(0, 1, 2)) for block in _blocks(images))
    return mean, np.sqrt(squares / values)


def _blocks(images: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(images), BLOCK):
        yield images[start : start + BLOCK].astype(np.float64)
