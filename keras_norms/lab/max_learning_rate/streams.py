"""Batches of what gives batches itself: a tf.data.Dataset, a PyDataset, a DataLoader, a list."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import keras
import numpy as np

from keras_norms.lab.errors import BadInput
from keras_norms.lab.max_learning_rate.batch import (
    HELD_OUT,
    MOST_HELD_OUT,
    UserBatch,
    as_numpy,
    examples,
)


class Streams:
    """Anything that can be gone through again and again and gives batches.

    Args:
        data: what gives them.
        name: of the argument that it was given as.
    """

    def __init__(self, data: Iterable[Any], name: str) -> None:
        self._data, self._name = data, name
        self._skipped = 0  # batches at the start of each pass

    def of(self, seed: int, steps: int) -> Iterator[UserBatch]:
        """The batches of one run, in the order of the data themselves."""
        given = 0
        while given < steps:
            before = given
            for batch in itertools.islice(self._pass(), self._skipped, None):
                yield batch
                given += 1
                if given == steps:
                    return
            if given == before:
                raise BadInput(
                    f"{self._name}= gives no batch when it is gone through; give at least one"
                )

    def sample(self, most: int = MOST_HELD_OUT) -> list[UserBatch]:
        """The batches of one pass, or the first that hold as many examples as that."""
        found: list[UserBatch] = []
        for batch in self._pass():
            found.append(batch)
            if sum(map(examples, found)) >= most:
                break
        return found

    def hold_out(self) -> list[UserBatch]:
        """Leaves a fifth of each pass out, from its start and a thousand examples at most.

        Of data that shuffle themselves these are others at the next pass.

        Raises:
            BadInput: too few are left to train on.
        """
        # Twice as many are looked at, which tells short passes from long ones.
        looked = self.sample(2 * MOST_HELD_OUT)
        so_far = np.cumsum([examples(batch) for batch in looked])
        if so_far[-1] < 2 * MOST_HELD_OUT:
            self._skipped = max(round(HELD_OUT * len(looked)), 1)
        else:
            self._skipped = int((so_far >= MOST_HELD_OUT).argmax()) + 1
        if self._skipped >= len(looked):
            raise BadInput(
                f"{self._name}= gives {len(looked)} batch in a pass, so none can be held out to "
                "judge runs by; give smaller ones, or validation_data"
            )
        return looked[: self._skipped]

    @property
    def reordered(self) -> bool:
        """Whether two passes begin with different batches, as those that are shuffled do."""
        pair = [keras.tree.flatten(next(iter(self._pass()))) for _ in range(2)]
        return not all(
            np.array_equal(as_numpy(one), as_numpy(other)) for one, other in zip(*pair, strict=True)
        )

    def _pass(self) -> Iterator[UserBatch]:
        for batch in self._data:
            yield self._checked(batch)
        if isinstance(self._data, keras.utils.PyDataset):
            self._data.on_epoch_end()

    def _checked(self, batch: Any) -> Any:
        if not isinstance(batch, tuple | list) or len(batch) not in (2, 3):
            size = f" of {len(batch)}" if isinstance(batch, tuple | list) else ""
            raise BadInput(
                f"{self._name}= gives batches that are {type(batch).__name__}{size}; "
                "give (x, y) or (x, y, sample_weight)"
            )
        return keras.tree.map_structure(_ours, tuple(batch))


def _ours(array: Any) -> Any:
    """As this backend takes it: tensors of another one as NumPy arrays."""
    return array if array is None or keras.ops.is_tensor(array) else as_numpy(array)
