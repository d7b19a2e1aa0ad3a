"""Which axes of a layer's inputs are which, known from when it is built."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from keras_norms.layers.validation import positive_axes


@dataclass(frozen=True)
class Layout:
    """The axes of inputs of one rank, all non-negative and in order."""

    kept: tuple[int, ...]  # those that `axis` names
    reduced: tuple[int, ...]  # all others
    space: tuple[int, ...]  # those but the batch axis
    form: tuple[int | None, ...]  # of a weight of the shape of `axis`, ready to broadcast

    @classmethod
    def of(cls, axis: int | Sequence[int], shape: Sequence[int | None]) -> Layout:
        kept = positive_axes(axis, shape)
        reduced = tuple([i for i in range(len(shape)) if i not in kept])
        return cls(
            kept=kept,
            reduced=reduced,
            space=tuple([i for i in reduced if i]),
            form=tuple([n if i in kept else 1 for i, n in enumerate(shape)]),
        )
