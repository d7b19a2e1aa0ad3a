"""Normalizers that leave nothing of their inputs: one value a mean and a variance."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

Shape = tuple[int | None, ...]


class Erased(Exception):
    """A layer's outputs would be its beta, whatever its inputs."""


def require_something_left(layer: keras.layers.Layer, shape: Shape) -> None:
    """Raises Erased where a built normalizer subtracts from each value a mean of it alone.

    So does instance normalization of vectors, or group normalization with a group for each
    channel. It is found by running the layer, which knows best over what it takes its statistics;
    only where one channel of an example is one value, or there is one channel.
    """
    axis = getattr(layer, "axis", -1)
    if not isinstance(axis, int):
        return
    channels = shape[axis]
    space = [size for place, size in enumerate(shape) if place not in (0, axis % len(shape))]
    if any(size != 1 for size in space) and channels != 1:
        return
    probe = type(layer).from_config(layer.get_config())
    probe.build(shape)
    for name in ("gamma", "scale"):
        weight: Any = getattr(probe, name, None)
        if isinstance(weight, keras.Variable):
            weight.assign(ops.ones(weight.shape))
    draw = np.random.default_rng(0)
    sizes = [2, *(2 if size is None else size for size in shape[1:])]
    once, again = (
        ops.convert_to_numpy(ops.cast(probe(draw.normal(size=sizes).astype("float32")), "float32"))
        for _ in range(2)
    )
    if np.allclose(once, again, atol=1e-5):
        raise Erased


def refuse_erased(spec: str, found: list[str]) -> None:
    """Raises ValueError that names the layers and what would work."""
    if found:
        raise ValueError(
            f"Argument `to`={spec!r} would take each mean and variance of a single value in "
            f"{len(found)} layers, {', '.join(map(repr, found))}: their outputs would no longer "
            "depend on their inputs. Leave them out with `where`, or give them a normalizer of "
            "several channels or examples there, such as 'layer', 'group:groups=2' or 'batch'."
        )
