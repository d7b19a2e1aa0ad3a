"""From a Keras mask to the values that statistics may see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras import ops

Tensor = Any


def visible_values(
    mask: Tensor | None, x: Tensor, channel_axis: int, reduced: Sequence[int]
) -> Tensor | None:
    """A boolean tensor that broadcasts to `x`, or None where every statistic sees all it spans.

    Args:
        mask: true where a value is visible. Of the rank of `x`; or one less, without
            `channel_axis`; or smaller still, for the leading axes alone.
        x: the inputs.
        channel_axis: non-negative axis that a mask of one rank less lacks.
        reduced: axes over which statistics are taken. A mask that is constant along all of them
            hides whole statistics, never a part of one, and changes nothing.
    """
    if mask is None:
        return None
    rank = len(x.shape)
    mask = ops.cast(mask, "bool")
    if len(mask.shape) > rank:
        raise ValueError(
            f"Argument `mask` has shape {tuple(mask.shape)}, of higher rank than the inputs of "
            f"shape {tuple(x.shape)}. Pass one that broadcasts to them."
        )
    if len(mask.shape) == rank - 1:
        mask = ops.expand_dims(mask, channel_axis)
    while len(mask.shape) < rank:
        mask = ops.expand_dims(mask, -1)
    for given, size in zip(mask.shape, x.shape, strict=True):
        if given not in (1, size) and given is not None and size is not None:
            raise ValueError(
                f"Argument `mask` of shape {tuple(mask.shape)} does not broadcast to inputs of "
                f"shape {tuple(x.shape)}."
            )
    return None if all(mask.shape[axis] == 1 for axis in reduced) else mask
