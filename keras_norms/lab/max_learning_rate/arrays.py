"""Batches of arrays, in an order of its own for each run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from keras_norms.lab.errors import BadInput
from keras_norms.lab.max_learning_rate.batch import HELD_OUT, MOST_HELD_OUT, UserBatch
from keras_norms.lab.training.batch_order import batch_indices


class Arrays:
    """Arrays `(x, y)` or `(x, y, sample_weight)`, each maybe a dict or list of them.

    Args:
        data: the arrays.
        batch_size: examples a batch.
        name: of the argument that they were given as.
        partial: whether fewer examples than a batch will do.

    Raises:
        BadInput: arrays of different lengths, or fewer examples than a batch.
    """

    reordered = False

    def __init__(self, data: tuple[Any, ...], batch_size: int, name: str, partial: bool) -> None:
        self._data, self._size, self._name = data, batch_size, name
        arrays = [array for array in keras.tree.flatten(data) if array is not None]
        lengths = sorted({(np.shape(array) or (0,))[0] for array in arrays})
        if len(lengths) != 1 or len(data) not in (2, 3):
            raise BadInput(
                f"{name}=arrays of lengths {lengths} in a tuple of {len(data)} are no (x, y) or "
                "(x, y, sample_weight) of equally many examples"
            )
        self._kept = np.arange(lengths[0])
        if not partial:
            self._require_a_batch()

    def of(self, seed: int, steps: int) -> Iterator[UserBatch]:
        """The batches of one run, in the order that the seed gives."""
        for chosen in batch_indices(len(self._kept), self._size, steps, seed):
            yield self._at(self._kept[chosen])

    def sample(self, most: int = MOST_HELD_OUT) -> list[UserBatch]:
        """All examples in batches, or as many as that of them, drawn alike each time."""
        chosen = np.random.default_rng(0).permutation(self._kept)[:most]
        places = range(0, len(chosen), self._size)
        return [self._at(chosen[place : place + self._size]) for place in places]

    def hold_out(self) -> list[UserBatch]:
        """Takes a fifth of the examples out, a thousand at most, and gives them in batches.

        Raises:
            BadInput: fewer than a batch are left to train on.
        """
        taken = min(max(round(HELD_OUT * len(self._kept)), 1), MOST_HELD_OUT)
        order = np.random.default_rng(0).permutation(self._kept)
        held = self.sample(taken)
        self._kept = np.sort(order[taken:])
        self._require_a_batch(f" left after {taken} of them are held out to judge runs by")
        return held

    def _at(self, places: np.ndarray) -> Any:
        return keras.tree.map_structure(
            lambda array: None if array is None else np.asarray(array)[places], self._data
        )

    def _require_a_batch(self, why: str = "") -> None:
        if len(self._kept) < self._size:
            raise BadInput(
                f"batch_size={self._size} is larger than the {len(self._kept)} examples of "
                f"`{self._name}`{why}; write a smaller one"
            )
