"""From a Keras mask to the values that statistics may see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras import ops

Tensor = Any


def hide(
    x: Tensor,
    mask: Tensor | None,
    channel_axis: int,
    reduced: Sequence[int],
    *,
    remembered: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """The inputs, fit for arithmetic, and which of their values statistics may see.

    What is hidden may be NaN or infinite and must not reach a sum, in the pass forward or in a
    gradient: there the returned inputs are zero.

    Args:
        x: the inputs.
        mask: true where a value is visible. Of the rank of `x`; or one less, without
            `channel_axis`; or smaller still, for the leading axes alone.
        channel_axis: non-negative axis that a mask of one rank less lacks.
        reduced: axes over which statistics are taken.
        remembered: whether statistics are kept, so that it matters which are hidden whole.

    Returns:
        The inputs, and a boolean tensor that broadcasts to them; or None without a mask. A mask
        that is constant along `reduced` hides whole statistics and never a part of one: None as
        well, unless statistics are remembered.
    """
    if mask is None:
        return x, None
    rank = len(x.shape)
    received = tuple(mask.shape)
    visible: Tensor = ops.cast(mask, "bool")
    if len(visible.shape) > rank:
        raise ValueError(
            f"Argument `mask` has shape {received}, of higher rank than the inputs of "
            f"shape {tuple(x.shape)}. Pass one that broadcasts to them."
        )
    if len(visible.shape) == rank - 1:
        visible = ops.expand_dims(visible, channel_axis)
    while len(visible.shape) < rank:
        visible = ops.expand_dims(visible, -1)
    for given, size in zip(visible.shape, x.shape, strict=True):
        if given not in (1, size) and given is not None and size is not None:
            raise ValueError(
                f"Argument `mask` of shape {received} does not broadcast to inputs of "
                f"shape {tuple(x.shape)}."
            )
    x = ops.where(ops.logical_or(visible, ops.isfinite(x)), x, 0)
    whole = all(visible.shape[axis] == 1 for axis in reduced)
    return x, None if whole and not remembered else visible
