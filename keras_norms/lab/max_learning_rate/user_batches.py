"""Endless batches from whatever a user trains on, and some of them held out to judge runs by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from keras_norms.lab.errors import BadInput
from keras_norms.lab.max_learning_rate.arrays import Arrays
from keras_norms.lab.max_learning_rate.streams import Streams

UserBatches = Arrays | Streams


def user_batches(
    data: Any, batch_size: int, name: str = "data", partial: bool = False
) -> UserBatches:
    """The batches of a user's data.

    Args:
        data: arrays `(x, y)` or `(x, y, sample_weight)`, where each may be a list or dict of
            arrays; or anything that can be iterated again and again and gives such batches.
        batch_size: examples a batch, of arrays.
        name: of the argument, for what is said of it.
        partial: whether fewer arrays than a batch will do.

    Raises:
        BadInput: arrays of different lengths, fewer examples than a batch, or data of no such kind.
    """
    if batch_size < 1:
        raise BadInput(f"batch_size={batch_size} makes no batch; write 1 or more")
    if isinstance(data, tuple):
        return Arrays(data, batch_size, name, partial)
    if not isinstance(data, Iterable) or isinstance(data, Iterator | dict | str):
        raise BadInput(
            f"{name}={type(data).__name__} cannot be gone through once for each learning rate; "
            "give (x, y) arrays, a tf.data.Dataset, a PyDataset or a DataLoader"
        )
    return Streams(data, name)
