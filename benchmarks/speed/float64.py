"""How far layers are from float64: the error of a float32 forward and backward pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import keras
import numpy as np

from benchmarks.speed.clock import forget
from benchmarks.speed.passes import backward
from keras_norms import layers
from keras_norms.lab.machine import require_machine

MEANS = (0.0, 1e2, 1e3, 1e4, 1e5)
DEVIATIONS = (1e-2, 1.0, 1e2)
GROUPS = 8
CHANNELS = (3,)
# name -> ours, Keras's, the reduced axes, whether the mean is subtracted
NORMALIZERS: dict[str, tuple[Callable, Callable, tuple[int, ...], bool]] = {
    "batch": (layers.BatchNormalization, keras.layers.BatchNormalization, (0, 1, 2), True),
    "group": (
        lambda: layers.GroupNormalization(GROUPS),
        lambda: keras.layers.GroupNormalization(GROUPS),
        (1, 2, 4),
        True,
    ),
    "instance": (
        layers.InstanceNormalization,
        lambda: keras.layers.GroupNormalization(-1),
        (1, 2),
        True,
    ),
    "layer": (layers.LayerNormalization, keras.layers.LayerNormalization, CHANNELS, True),
    "rms": (layers.RMSNormalization, keras.layers.RMSNormalization, CHANNELS, False),
}


def errors(*, name: str, shape: Sequence[int], seeds: int, machine: str) -> list[dict[str, Any]]:
    """A row a seed, standard deviation, mean, layer and mode.

    Keys: "seed", "deviation", "mean" (in the inputs' unit), "whose", "mode", "y" and "dx", root
    mean square errors over the root mean square of the float64 values; infinite where not finite.
    """
    require_machine(machine)
    forget()
    ours, theirs, axes, centred = NORMALIZERS[name]
    made = {"ours": ours(), "Keras": theirs()}
    for layer in made.values():
        layer.build(tuple(shape))
    passes = {whose: backward(layer) for whose, layer in made.items()}  # compiled once for all
    rows = []
    for seed, deviation, mean in product(range(seeds), DEVIATIONS, MEANS):
        rng = np.random.default_rng(seed)
        x = rng.normal(mean, deviation, shape).astype(np.float32)
        dy = rng.normal(0.0, 1.0, shape).astype(np.float32)
        given = [keras.ops.convert_to_tensor(value) for value in (x, dy)]
        for whose, modes in passes.items():
            wanted = reference(x, dy, axes, centred, made[whose].epsilon)
            for mode, step in modes.items():
                pairs = zip(("y", "dx"), step(*given)[:2], wanted, strict=True)
                found = {which: error(got, right) for which, got, right in pairs}
                about = {"seed": seed, "deviation": deviation, "mean": mean}
                rows.append({**about, "whose": whose, "mode": mode, **found})
    return rows


def reference(
    x: np.ndarray, dy: np.ndarray, axes: tuple[int, ...], centred: bool, epsilon: float
) -> tuple[np.ndarray, np.ndarray]:
    """Output and input gradient of a standardization over `axes`, in float64.

    y = r (x - m) with r = 1 / sqrt(mean((x - m)^2) + epsilon), so that
    dx = r (dy - mean(dy) - y mean(dy y)); without the mean of x, that of dy goes as well.
    """
    shape = x.shape
    if len(axes) and max(axes) == x.ndim:  # groups are an axis of their own
        x, dy = (a.reshape(*shape[:-1], GROUPS, -1) for a in (x, dy))
    x, dy = x.astype(np.float64), dy.astype(np.float64)
    if centred:
        x = x - x.mean(axes, keepdims=True)
    r = 1 / np.sqrt(np.square(x).mean(axes, keepdims=True) + epsilon)
    y = r * x
    dx = dy - y * (dy * y).mean(axes, keepdims=True)
    if centred:
        dx = dx - dy.mean(axes, keepdims=True)
    return y.reshape(shape), (r * dx).reshape(shape)


def error(got: object, wanted: np.ndarray) -> float:
    """Relative root mean square error; 1e300 where it is not finite, which JSON can hold."""
    difference = keras.ops.convert_to_numpy(got).astype(np.float64) - wanted
    found = float(np.sqrt(np.mean(np.square(difference)) / np.mean(np.square(wanted))))
    return found if np.isfinite(found) else 1e300
