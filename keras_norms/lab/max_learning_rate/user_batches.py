"""Endless batches from whatever a user trains on: arrays, or anything that gives batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import keras
import numpy as np

from keras_norms.lab.errors import BadInput
from keras_norms.lab.training.batch_order import batch_indices

UserBatch = tuple[Any, ...]  # (x, y) or (x, y, sample_weight), as `train_on_batch` takes them


class UserBatches:
    """The training data of a user's model.

    Args:
        data: arrays `(x, y)` or `(x, y, sample_weight)`, where each may be a list or dict of
            arrays; or anything that can be iterated again and again and gives such batches.
        batch_size: examples a batch, of arrays.

    Raises:
        BadInput: arrays of different lengths, fewer examples than a batch, or data of no such kind.
    """

    def __init__(self, data: Any, batch_size: int) -> None:
        if batch_size < 1:
            raise BadInput(f"batch_size={batch_size} makes no batch; write 1 or more")
        self._data, self._size = data, batch_size
        self._arrays = isinstance(data, tuple)
        if self._arrays:
            lengths = {len(array) for array in keras.tree.flatten(data) if array is not None}
            if len(lengths) != 1 or len(data) not in (2, 3):
                raise BadInput(
                    f"data=arrays of lengths {sorted(lengths)} in a tuple of {len(data)} are no "
                    "(x, y) or (x, y, sample_weight) of equally many examples"
                )
            (self._examples,) = lengths
            if self._examples < batch_size:
                raise BadInput(
                    f"batch_size={batch_size} is larger than the {self._examples} examples of "
                    "`data`; write a smaller one"
                )
        elif not isinstance(data, Iterable) or isinstance(data, Iterator):
            raise BadInput(
                f"data={type(data).__name__} cannot be gone through once for each learning rate; "
                "give (x, y) arrays, a tf.data.Dataset, a PyDataset or a DataLoader"
            )

    def of(self, seed: int, steps: int) -> Iterator[UserBatch]:
        """The batches of one run; of arrays in the order that the seed gives."""
        if self._arrays:
            for chosen in batch_indices(self._examples, self._size, steps, seed):
                yield keras.tree.map_structure(
                    lambda array, at=chosen: None if array is None else np.asarray(array)[at],
                    self._data,
                )
            return
        given = 0
        while given < steps:
            before = given
            for batch in self._data:
                if given == steps:
                    return
                given += 1
                yield batch if isinstance(batch, tuple) else tuple(batch)
            if given == before:
                raise BadInput("data= gives no batch when it is gone through; give at least one")

    def first(self) -> UserBatch:
        return next(self.of(0, 1))
