"""The unit of a linear layer, a normalizer and ReLU by each spec, forward and backward."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np

import keras_norms
from benchmarks.speed.cells import sizes
from benchmarks.speed.clock import forget, interleaved
from benchmarks.speed.passes import backward
from keras_norms.lab.machine import require_machine


def seconds(
    *, specs: Mapping[str, str], shape: str, mode: str, rounds: int, machine: str
) -> dict[str, dict[str, list[float]]]:
    """Seconds of each unit, which take turns; see `clock.interleaved`."""
    require_machine(machine)
    forget()
    sides = {name: _side(spec, sizes(shape), mode) for name, spec in specs.items()}
    return {"seconds": interleaved(sides, rounds=rounds)}


def _side(spec: str, shape: tuple[int, ...], mode: str) -> Callable[[], Any]:
    linear = keras.layers.Conv2D(shape[-1], 1)
    unit = keras.Sequential(keras_norms.get(spec)(linear, "relu").layers)
    unit.build(shape)
    step = backward(unit, weights=True)[mode]
    rng = np.random.default_rng(0)
    x, dy = (keras.ops.convert_to_tensor(rng.normal(size=shape).astype("float32")) for _ in "xy")
    return lambda: step(x, dy)
