"""SGD at many learning rates side by side, with and without warm-up and normalization."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from keras_norms.lab.job import Bench

# Arm -> the axis that statistics are taken over, and the share of the steps that the rate rises.
ARMS = {"none": (None, 0.0), "warm-up": (None, 1 / 3), "BN": (1, 0.0), "LN": (2, 0.0)}
EPSILON = 1e-5
LAST = 20  # steps at the end, over which losses are averaged
LARGE = 1e3  # a loss at which a rate is given up


def last_losses(
    arm: str, rates: list[float], depth: int, width: int, steps: int, bench: Bench, seed: int
) -> list[float]:
    """The mean training loss of the last steps at each rate; `LARGE` where it was given up.

    An MLP on digits from one start with He weights, ReLU behind the normalizer, no biases, batches
    of 64, softmax cross-entropy, float64. With warm-up the rate rises linearly from zero.

    Args:
        arm: of `ARMS`.
        depth: hidden layers.
    """
    from keras_norms.lab.data import load

    data, draw = load("digits", data_dir=bench.data_dir), np.random.default_rng(seed)
    images = data.x_train.reshape(len(data.x_train), -1).astype(np.float64)
    sizes = [images.shape[1], *[width] * depth, data.classes]
    starts = [draw.normal(scale=(2 / a) ** 0.5, size=(a, b)) for a, b in pairwise(sizes)]
    kernels = [np.repeat(one[None], len(rates), 0) for one in starts]
    alive, found = np.arange(len(rates)), np.zeros(len(rates))
    (axis, share), tried = ARMS[arm], np.array(rates)
    for step in range(steps):
        chosen = draw.integers(len(images), size=64)
        wanted = np.eye(data.classes)[data.y_train[chosen]]
        losses, slopes = descent(kernels, images[chosen][None], wanted, axis)
        kept = losses < LARGE
        found[alive[~kept]] = LARGE * LAST
        alive = alive[kept]
        if step >= steps - LAST:
            found[alive] += losses[kept]
        rate = tried[alive] * min(1.0, (step + 1) / max(1.0, share * steps))
        pairs = zip(kernels, slopes, strict=True)
        kernels = [one[kept] - rate[:, None, None] * slope[kept] for one, slope in pairs]
    return (found / LAST).tolist()


def descent(
    kernels: list[np.ndarray], x: np.ndarray, wanted: np.ndarray, axis: int | None
) -> tuple[np.ndarray, list[np.ndarray]]:
    """The loss of each network and its gradients in the kernels.

    Args:
        kernels: of each layer, shape (networks, inputs, outputs).
        x: shape (1, examples, features).
        wanted: one-hot rows.
        axis: that statistics are taken over, 1 for the examples, 2 for the units; or None.
    """
    h, seen = x, []
    for kernel in kernels[:-1]:
        z, scale = h @ kernel, 1.0
        if axis is not None:
            z = z - z.mean(axis=axis, keepdims=True)
            scale = np.sqrt(np.square(z).mean(axis=axis, keepdims=True) + EPSILON)
            z = z / scale
        seen.append((h, z, scale))
        h = np.maximum(z, 0)
    f = h @ kernels[-1]
    f = f - f.max(axis=2, keepdims=True)
    total = np.exp(f).sum(axis=2, keepdims=True)
    losses = ((np.log(total) - f) * wanted).sum(axis=2).mean(axis=1)
    slope = (np.exp(f) / total - wanted) / len(wanted)
    slopes = [np.swapaxes(h, 1, 2) @ slope]
    for (before, u, scale), kernel in zip(reversed(seen), reversed(kernels[1:]), strict=True):
        slope = (slope @ np.swapaxes(kernel, 1, 2)) * (u > 0)
        if axis is not None:
            along = (slope * u).mean(axis=axis, keepdims=True)
            slope = (slope - slope.mean(axis=axis, keepdims=True) - u * along) / scale
        slopes.append(np.swapaxes(before, 1, 2) @ slope)
    return losses, slopes[::-1]
