"""A batch as `train_on_batch` takes it: (x, y) or (x, y, sample_weight), each maybe a structure."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

UserBatch = tuple[Any, ...]

HELD_OUT, MOST_HELD_OUT = 0.2, 1000  # share and number of the examples that runs are judged by


def examples(batch: UserBatch) -> int:
    """How many there are in it."""
    return int(np.shape(keras.tree.flatten(batch)[0])[0])


def as_numpy(array: Any) -> np.ndarray:
    """Of any framework's array."""
    return np.asarray(array.detach().cpu() if hasattr(array, "detach") else array)
