"""From a Keras mask to the values that statistics may see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras import ops

Tensor = Any


def hide(
    x: Tensor, mask: Tensor | None, reduced: Sequence[int], *, remembered: bool = False
) -> tuple[Tensor, Tensor | None]:
    """The inputs, fit for arithmetic, and which of their values statistics may see.

    What is hidden may be NaN or infinite and must not reach a sum, in the pass forward or in a
    gradient: there the returned inputs are zero.

    Args:
        x: the inputs.
        mask: true where a value is visible. Of the rank of `x`, to which it broadcasts; or of a
            lower one, for the leading axes: Keras's own masks have all axes but the last.
        reduced: axes over which statistics are taken.
        remembered: whether statistics are kept, so that it matters which are hidden whole.

    Returns:
        The inputs, and a boolean tensor that broadcasts to them; or None without a mask. A mask
        that is constant along `reduced` hides whole statistics and never a part of one: None as
        well, unless statistics are remembered.
    """
    if mask is None:
        return x, None
    shape, received = tuple(x.shape), tuple(mask.shape)
    missing = len(shape) - len(received)
    if missing < 0:
        raise ValueError(
            f"Argument `mask` has shape {received}, of higher rank than the inputs of "
            f"shape {shape}. Pass one that broadcasts to them."
        )
    mask = ops.cast(mask, "bool")
    mask = ops.reshape(mask, (*ops.shape(mask), *[1] * missing)) if missing else mask
    for given, size in zip((*received, *[1] * missing), shape, strict=True):
        if given not in (1, size) and given is not None and size is not None:
            raise ValueError(
                f"Argument `mask` of shape {received} does not broadcast to inputs of shape "
                f"{shape}. A mask of lower rank is of their leading axes, as Keras's are; one of "
                "their rank, with size one where it is constant, can say anything else."
            )
    x = ops.where(ops.logical_or(mask, ops.isfinite(x)), x, 0)
    whole = all(mask.shape[axis] == 1 for axis in reduced)
    return x, None if whole and not remembered else mask
