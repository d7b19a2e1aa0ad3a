"""Groups that do not divide the channels, said for all layers at once."""

from __future__ import annotations

from math import gcd

import keras

from keras_norms import layers
from keras_norms.layers.placement import fitting_groups

# Exactly these split channels; the groups of batch group normalization are of another kind.
_GROUPED = (
    keras.layers.GroupNormalization,
    layers.GroupNormalization,
    layers.EvoNormS0,
    layers.EvoNormS1,
    layers.EvoNormS0a,
    layers.EvoNormS1a,
)


class Indivisible(Exception):
    """A layer's channels cannot be split into the groups asked for."""

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__(f"{channels} channels, {groups} groups")
        self.channels = channels
        self.groups = groups


def dividing(
    layer: keras.layers.Layer, shape: tuple[int | None, ...], default: bool
) -> dict[str, int]:
    """`groups` for the layer's config where those that it has do not fit its channels.

    Of a default as many as a block would have (`fitting_groups`). Else raises Indivisible.
    """
    if not isinstance(layer, _GROUPED) or getattr(layer, "group_size", None) is not None:
        return {}
    groups, axis = layer.groups, layer.axis
    channels = shape[axis] if isinstance(axis, int) else None
    if groups <= 0 or not channels:
        return {}
    if default:
        return {"groups": fitting_groups(groups, spatial(shape, axis), channels)}
    if channels % groups:
        raise Indivisible(channels, groups)
    return {}


def spatial(shape: tuple[int | None, ...], axis: int) -> bool:
    """Whether each channel of an example may have more than one value."""
    others = (size for place, size in enumerate(shape) if place not in (0, axis % len(shape)))
    return any(size != 1 for size in others)


def refuse_indivisible(spec: str, found: list[tuple[str, Indivisible]]) -> None:
    """Raises ValueError that names the layers, what divides each, and what divides all."""
    if not found:
        return
    lines = [
        f"{path!r} has {error.channels} channels (divisors {_divisors(error.channels)})"
        for path, error in found
    ]
    groups = found[0][1].groups
    largest = gcd(*(error.channels for _, error in found), groups)
    raise ValueError(
        f"Argument `to`={spec!r} wants {groups} groups, which do not divide the channels of "
        f"{len(found)} layers: {'; '.join(lines)}. {largest} groups divide all of them, or leave "
        "them out with `where`."
    )


def _divisors(number: int) -> str:
    return ", ".join(str(d) for d in range(1, number + 1) if number % d == 0)
