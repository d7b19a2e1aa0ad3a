"""The linear layer before or after a call, with nothing but linear operations between."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from keras_norms.anatomy.commuting import channel_after, channel_before, passes
from keras_norms.anatomy.graph import Call
from keras_norms.anatomy.linear import is_linear, output_channel


@dataclass(frozen=True)
class Neighbour:
    """What a walk found.

    Attributes:
        call: the linear layer's call; None where there is none.
        reason: why there is none; empty where there is one.
        spread: from values per channel to values per input of the linear layer.
    """

    call: Any = None
    reason: str = ""
    spread: Callable[[np.ndarray], np.ndarray] = lambda values: values


def linear_before(call: Call, channel: int, gone: Container[int]) -> Neighbour:
    """The linear layer whose outputs reach `call` alone, across what passes (`commuting`).

    Args:
        call: of the normalizer.
        channel: the axis of its channels, not negative.
        gone: ids of layers that are the identity by now.
    """
    here = call
    while True:
        before = here.only_before
        if before is None:
            reason = _joining(here) if here.joins > 1 else "the model's input comes first"
            return Neighbour(reason=reason)
        if before.only_after is not here:
            return Neighbour(reason=f"the output of {before.name!r} is used elsewhere too")
        layer = before.operation
        if (changes := _changes_dtype(before, call)) and id(layer) not in gone:
            return Neighbour(reason=changes)
        if is_linear(layer):
            if channel != output_channel(layer, len(before.outputs[0].shape)):
                return Neighbour(reason=f"axis {channel} is not the channels of {before.name!r}")
            return Neighbour(before)
        if id(layer) not in gone:
            channel = channel_before(layer, channel, before.rank)
            if not passes(layer, channel, before.rank, before.training):
                return Neighbour(reason=_in_the_way(before))
        here = before


def linear_after(call: Call, channel: int, gone: Container[int]) -> Neighbour:
    """The linear layer that alone takes what `call` gives, across what passes and Flatten."""
    here, spread = call, Neighbour.spread
    while True:
        after = here.only_after
        if after is None:
            return Neighbour(
                reason=f"the output of {here.name!r} is the model's or is used several times"
            )
        if after.only_before is not here:
            return Neighbour(reason=_joining(after))
        layer, rank = after.operation, after.rank
        if (changes := _changes_dtype(after, call)) and id(layer) not in gone:
            return Neighbour(reason=changes)
        if is_linear(layer):
            if channel != output_channel(layer, rank):
                return Neighbour(reason=f"axis {channel} is not the channels of {after.name!r}")
            return Neighbour(after, "", spread)
        if type(layer) is keras.layers.Flatten and channel == rank - 1 and _known(after):
            channel, spread = 1, _tiled(int(np.prod(after.args[0].shape[1:-1])))
        elif id(layer) not in gone:
            if not passes(layer, channel, rank, after.training):
                return Neighbour(reason=_in_the_way(after))
            channel = channel_after(layer, channel)
        here = after


def _changes_dtype(call: Call, normalizer: Call) -> str:
    """Why values on the way would be rounded, or overflow, where they do not now."""
    own, other = (getattr(c.operation, "compute_dtype", None) for c in (normalizer, call))
    if other in (None, own):
        return ""
    return f"{call.name!r} computes in {other}, {normalizer.name!r} in {own}"


def _known(call: Call) -> bool:
    shape = call.args[0].shape if call.args else (None, None)
    last = call.operation.data_format == "channels_last"
    return len(shape) > 2 and last and None not in shape[1:]


def _tiled(times: int) -> Callable[[np.ndarray], np.ndarray]:
    return lambda values: np.tile(values, times)


def _joining(call: Call) -> str:
    return f"{call.name!r} ({type(call.operation).__name__}) joins {call.joins} tensors"


def _in_the_way(call: Call) -> str:
    if call.joins > 1:
        return _joining(call)
    if call.training:
        return f"{call.name!r} ({type(call.operation).__name__}) is called with training=True"
    return f"{call.name!r} ({type(call.operation).__name__}) is no linear layer nor lets it pass"
