"""Data in whatever form Keras takes it, as batches of (x, y, sample_weight)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import keras
import numpy as np
from keras import ops, tree

Batch = tuple[Any, Any, Any]


class Batches:
    """Passes over the data, batch by batch.

    Args:
        data: whole arrays: an array, a dict of arrays, or a tuple `(x,)`, `(x, y)` or
            `(x, y, sample_weight)` of arrays or of lists or dicts of arrays. An array is NumPy's,
            pandas's, h5py's, SciPy's sparse one, any framework's tensor, or whatever else has a
            shape or `__array__`. Or batches: a `tf.data.Dataset`, a torch `DataLoader`, a
            `keras.utils.PyDataset`, a generator, a list, any iterable, whose items are x or such
            a tuple.
        limit: how many batches to take at most; None for all of them.
        batch_size: of whole arrays; batches come as they are.
        inputs: how many inputs the model has: a list of as many arrays of one length is then x,
            as in `predict`, and not so many batches.

    Raises:
        ValueError: an argument is none of these; the data has no end and there is no limit.
    """

    def __init__(self, data: Any, limit: int | None, batch_size: int, inputs: int = 1) -> None:
        for name, value in (("batches", limit), ("batch_size", batch_size)):
            whole = isinstance(value, int) and not isinstance(value, bool) and value > 0
            if not (whole or (name == "batches" and value is None)):
                raise ValueError(
                    f"Argument `{name}` must be an int of at least 1. Received: {name}={value!r}"
                )
        if inputs > 1 and isinstance(data, list) and len(data) == inputs:
            data = (data,) if all(map(_is_array, data)) and _of_one_length(data) else data
        self._whole = _is_array(data) or isinstance(data, (tuple, Mapping))
        if self._whole:
            data = tree.map_structure(_in_rows, data)
        self._held: list[Any] = []
        if not (self._whole or hasattr(data, "__iter__") or hasattr(data, "__getitem__")):
            raise ValueError(
                "Argument `data` must be arrays, or an iterable of batches x or (x, y). "
                f"Received: data of type {type(data).__name__}"
            )
        self._data: Any = data
        self._limit = limit
        self._batch_size = batch_size
        available = math.inf if self._endless() else self._available()
        if available == math.inf and limit is None:
            raise ValueError(
                f"Argument `data` ({type(data).__name__}) has no end. Say how much of it to take "
                "by `batches`, as in batches=200."
            )
        ends = [number for number in (limit, available) if number is not None]
        self.number: Any = min(ends, default=None)

    @property
    def once(self) -> bool:
        """Whether the data can be passed over a single time."""
        return iter(self._data) is self._data if hasattr(self._data, "__iter__") else False

    def first(self) -> Any:
        """The first batch's x, which the next pass gives again; None where there is no batch."""
        if not self.once:
            return next(iter(self), (None,))[0]
        if not self._held:
            # Not through `_raw`: a generator that is dropped closes the one it takes from.
            self._held = list(islice(self._data, 1))
        return _unpacked(self._held[0])[0] if self._held else None

    def __iter__(self) -> Iterator[Batch]:
        for batch in islice(self._raw(), self._limit):
            yield _unpacked(batch)

    def _raw(self) -> Iterator[Any]:
        if self._whole:
            for start in range(0, self._examples(), self._batch_size):
                part = slice(start, start + self._batch_size)
                yield tree.map_structure(lambda a, p=part: None if a is None else a[p], self._data)
        elif isinstance(self._data, keras.utils.PyDataset):
            yield from (self._data[i] for i in range(self.number))
        else:
            held, self._held = self._held, []
            yield from held
            yield from self._data

    def _examples(self) -> int:
        sizes = {_length(array) for array in tree.flatten(self._data) if array is not None}
        if len(sizes) != 1:
            raise ValueError(
                "Argument `data` holds arrays of different lengths, or none: "
                f"{sorted(sizes)}. Pass (x, y) with as many labels as examples."
            )
        return sizes.pop()

    def _endless(self) -> bool:
        if isinstance(self._data, keras.utils.PyDataset):
            return self._data.num_batches is None
        # What tf.data calls infinite.
        return hasattr(self._data, "cardinality") and int(self._data.cardinality()) == -1

    def _available(self) -> int | None:
        if self._whole:
            return math.ceil(self._examples() / self._batch_size)
        if isinstance(self._data, keras.utils.PyDataset):
            return self._data.num_batches
        try:
            return len(self._data)
        except TypeError:  # a generator, or a data set of unknown length
            return None


def _is_array(value: Any) -> bool:
    """Whether a value is one array, and no iterable of batches."""
    if isinstance(value, np.ndarray) or ops.is_tensor(value) or hasattr(value, "iloc"):
        return True
    return hasattr(value, "__array__") or (hasattr(value, "shape") and hasattr(value, "dtype"))


def _in_rows(array: Any) -> Any:
    """An array of which slices are taken along its first axis.

    Raises:
        ValueError: it cannot be cut into rows.
    """
    if array is None or isinstance(array, np.ndarray) or hasattr(array, "iloc"):
        return array
    if hasattr(array, "toarray"):  # of SciPy: rows are cheap in this form
        return array.tocsr() if hasattr(array, "tocsr") else array.toarray()
    if hasattr(array, "__getitem__") and hasattr(array, "shape"):
        return array
    if hasattr(array, "__array__") or isinstance(array, (list, int, float, str)):
        return np.asarray(array)
    raise ValueError(
        f"Argument `data` holds a {type(array).__name__}, which cannot be cut into batches. Pass "
        "a dense array (tf.sparse.to_dense, .todense()), or a data set of batches."
    )


def _length(array: Any) -> int:
    shape = getattr(array, "shape", None)
    return len(array) if shape is None else int(shape[0]) if len(shape) else 0


def _of_one_length(arrays: list[Any]) -> bool:
    return len({_length(array) for array in arrays}) == 1


def _unpacked(batch: Any) -> Batch:
    x, y, weight = keras.utils.unpack_x_y_sample_weight(batch)
    x = _native(x)
    if any(len(getattr(leaf, "shape", (1,))) == 0 for leaf in tree.flatten(x)):
        raise ValueError(
            "Argument `data` gave a batch that is a single number, as a list of rows does. Pass "
            f"arrays, as np.asarray(data), or batches of examples. Received: {batch!r:.80}"
        )
    return x, _native(y), _native(weight)


def _native(structure: Any) -> Any:
    """Tensors of another framework than Keras's backend, and sparse matrices, as NumPy."""

    def converted(leaf: Any) -> Any:
        if leaf is None or ops.is_tensor(leaf):
            return leaf
        if hasattr(leaf, "toarray"):
            return leaf.toarray()
        return leaf.detach().cpu().numpy() if hasattr(leaf, "detach") else np.asarray(leaf)

    return tree.map_structure(converted, structure)
