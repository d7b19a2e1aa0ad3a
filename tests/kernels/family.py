"""The normalizers that the kernels carry, each with its output and input gradient in float64."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import keras
import numpy as np

from keras_norms import layers
from tests.gradients import Pass, program, randomize
from tests.oracles import evonorm
from tests.oracles.arrays import average
from tests.oracles.batch import batch
from tests.oracles.group import group
from tests.oracles.instance import instance
from tests.oracles.layer import layer
from tests.oracles.rms import rms

GROUPS = 2


class Member(NamedTuple):
    layer: type[keras.layers.Layer]
    oracle: Callable[..., np.ndarray]
    reduced: str  # what of (batch, space, one group of the channels) a statistic is taken over
    groups: int = 1  # of the channels; -1: as many as there are
    centred: bool = True
    own: Callable[..., np.ndarray] | None = None  # a gradient of its own

    @property
    def settings(self) -> dict[str, Any]:
        return {"groups": self.groups} if self.groups == GROUPS else {}

    @property
    def along(self) -> int:
        """The axis along which the inputs of a test are long, and which is sampled."""
        return 1 if "space" in self.reduced else -1


FAMILY = {
    "batch": Member(layers.BatchNormalization, batch, "batch space", -1),
    "renorm": Member(layers.BatchRenormalization, batch, "batch space", -1),  # in its warm-up
    "group": Member(layers.GroupNormalization, group, "space channels", GROUPS),
    "instance": Member(layers.InstanceNormalization, instance, "space", -1),
    "layer": Member(layers.LayerNormalization, layer, "channels"),
    "rms": Member(layers.RMSNormalization, rms, "channels", centred=False),
    "evonorm": Member(
        layers.EvoNormS0, evonorm.s0, "space channels", GROUPS, own=lambda *a: _evonorm(*a)
    ),
}


@cache
def step(
    name: str, mode: str, channels: int, policy: str = "float32"
) -> tuple[Callable[..., Pass], dict[str, np.ndarray], float]:
    """A compiled training step of the normalizer with random weights; those; its epsilon."""
    made = FAMILY[name].layer(**FAMILY[name].settings, dtype=policy)
    made.build((None, None, None, channels) if FAMILY[name].along == 1 else (None, None, channels))
    weights = randomize(made)
    return program(made, mode, training=True), weights, made.epsilon


def truth(
    name: str,
    x: np.ndarray,
    dy: np.ndarray,
    weights: dict[str, np.ndarray],
    epsilon: float,
    mask: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Output and input gradient in float64."""
    member, x, dy = FAMILY[name], x.astype(np.float64), dy.astype(np.float64)
    scale = weights.get("gamma", weights.get("scale"))
    told = {**member.settings, **({"v": weights["v"]} if "v" in weights else {})}
    y = member.oracle(x, scale, weights.get("beta", 0.0), epsilon=epsilon, mask=mask, **told)
    groups = x.shape[-1] if member.groups == -1 else member.groups
    # The channels as (groups, channels a group), so that every statistic is one over whole axes.
    split = (*x.shape[:-1], groups, x.shape[-1] // groups)
    over = (0,) * ("batch" in member.reduced)
    over += tuple(range(1, x.ndim - 1)) * ("space" in member.reduced)
    over += (x.ndim,) * ("channels" in member.reduced)
    seen = np.broadcast_to(True if mask is None else mask, x.shape).reshape(split)
    g, parted = (dy * scale).reshape(split), x.reshape(split)
    if member.own is not None:
        v = np.broadcast_to(weights["v"], x.shape).reshape(split)
        return y, member.own(parted, g, over, epsilon, v).reshape(x.shape)
    return y, gradient(parted, g, over, epsilon, seen, member.centred).reshape(x.shape)


def gradient(x, g, over, epsilon, seen, centred) -> np.ndarray:
    """Ioffe & Szegedy 2015, Section 3, in one line; hidden values are normalized all the same."""
    mean = average(x, over, seen) if centred else 0.0
    r = 1 / np.sqrt(average((np.where(seen, x, mean) - mean) ** 2, over, seen) + epsilon)
    normalized, share = (x - mean) * r, seen / np.maximum(seen.sum(over, keepdims=True), 1)
    through = normalized * (g * normalized).sum(over, keepdims=True)
    through = through + centred * g.sum(over, keepdims=True)
    return r * (g - share * np.where(seen, through, 0))


def _evonorm(x, g, over, epsilon, v) -> np.ndarray:
    """Of x sigmoid(v x) / sqrt(var + epsilon)."""
    r = 1 / np.sqrt(evonorm.variance(x, over) + epsilon)
    with np.errstate(over="ignore"):
        gate = 1 / (1 + np.exp(-v * x))
    direct = g * (gate + x * v * gate * (1 - gate)) * r
    through = (g * x * gate).sum(over, keepdims=True) * r**3
    return direct - through * (x - average(x, over)) / np.prod([x.shape[a] for a in over])
