"""How long kernels are in SGD with weight decay, and by what angle each step turns them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.random_mlp import RandomMlp
from keras_norms.lab.job import Bench


def rotation(
    batch: bool,
    rate: float,
    decay: float,
    momentum: float,
    start: float,
    steps: int,
    every: int,
    bench: Bench,
    seed: int,
) -> dict[str, Any]:
    """SGD on digits, batches of 64, two hidden layers of 32 units, softmax cross-entropy, float64.

    `v = momentum v + gradient + decay w; w -= rate v` on all kernels. What is measured is of the
    second hidden kernel, which batch normalization makes scale-invariant where `batch`.

    Args:
        start: times the initial kernels of the hidden layers.

    Returns:
        By window of `every` steps `angle`, the root mean square angle of a step in radians;
        `norm`, the mean length; `gradient`, the root mean square of the gradient's length times
        the kernel's; and `loss`, the mean.
    """
    from keras_norms.lab.data import load

    data, draw = load("digits", data_dir=bench.data_dir), np.random.default_rng(seed)
    x = data.x_train.reshape(len(data.x_train), -1).astype(np.float64)
    wanted = np.eye(data.classes)[data.y_train]
    network = RandomMlp([x.shape[1], 32, 32, data.classes], draw, batch=batch)
    network.kernels[:2] = [start * kernel for kernel in network.kernels[:2]]
    speeds, rows = [np.zeros_like(kernel) for kernel in network.kernels], []
    for _ in range(steps):
        chosen = draw.integers(len(x), size=64)
        layers, h, f = network.forward(x[chosen])
        chances = np.exp(f - f.max(axis=1, keepdims=True))
        chances /= chances.sum(axis=1, keepdims=True)
        loss = -float(np.log((chances * wanted[chosen]).sum(axis=1) + 1e-300).mean())
        gradients = network.gradients(layers, h, (chances - wanted[chosen]) / len(chosen))
        pairs = zip(speeds, gradients, network.kernels, strict=True)
        speeds = [momentum * v + slope + decay * kernel for v, slope, kernel in pairs]
        then = network.kernels[1]
        pairs = zip(network.kernels, speeds, strict=True)
        network.kernels = [kernel - rate * v for kernel, v in pairs]
        length = float(np.linalg.norm(then))
        slope = float(np.linalg.norm(gradients[1])) * length
        rows.append((angle(then, network.kernels[1]), length, slope, loss))
    windows = [np.array(rows[a:b]) for a, b in pairwise(range(0, steps + 1, every))]
    return {
        "angle": [float(np.sqrt(np.square(w[:, 0]).mean())) for w in windows],
        "norm": [float(w[:, 1].mean()) for w in windows],
        "gradient": [float(np.sqrt(np.square(w[:, 2]).mean())) for w in windows],
        "loss": [float(w[:, 3].mean()) for w in windows],
    }


def angle(one: np.ndarray, other: np.ndarray) -> float:
    """Between two arrays, from the chord, which is exact for small angles too."""
    chord = np.linalg.norm(one / np.linalg.norm(one) - other / np.linalg.norm(other))
    return float(2 * np.arcsin(chord / 2))


def over_predicted(
    found: dict[str, Any], rate: float, decay: float, momentum: float
) -> dict[str, np.ndarray]:
    """By window the angle and, without momentum, the length over what the equilibrium predicts."""
    angles = np.array(found["angle"]) / np.sqrt(2 * rate * decay / (1 + momentum))
    said = (rate * np.square(found["gradient"]) / (2 * decay)) ** 0.25
    return {"angle": angles, "length": np.array(found["norm"]) / said}
