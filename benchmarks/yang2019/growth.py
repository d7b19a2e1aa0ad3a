"""How gradients grow through deep networks at initialization, and after steps of descent."""

from __future__ import annotations

import numpy as np

from benchmarks.random_mlp import RandomMlp
from keras_norms.lab.job import Bench


def slopes(
    depth: int, width: int, examples: int, batch: bool, activation: str, seed: int
) -> list[float]:
    """Root mean square of dL/dz by layer, from the first, for a normal dL/df.

    Args:
        depth: hidden layers.
        examples: normal ones, as many features as units.
        batch: whether there is batch normalization before each activation.
        activation: weights have variance 2 / fan-in before "relu", else 1 / fan-in.
    """
    draw = np.random.default_rng(seed)
    scale = 2.0 if activation == "relu" else 1.0
    sizes = [width] * (depth + 2)
    network = RandomMlp(sizes, draw, batch=batch, activation=activation, sigma_w2=scale)
    layers, _, f = network.forward(draw.normal(size=(examples, width)))
    found = network.backward(layers, draw.normal(size=f.shape))[:-1]
    return [float(np.sqrt(np.mean(np.square(one)))) for one in found]


def ranges(
    depth: int, width: int, examples: int, rate: float, steps: int, bench: Bench, seed: int
) -> dict[str, list[float]]:
    """log10 of the largest over the smallest layer gradient, before the first step and after each.

    Gradient descent on kernels, softmax cross-entropy, digits, batch normalization and ReLU.

    Returns:
        `range`, one more than steps; `first` and `last`, the norm of each hidden kernel's gradient
        before the first step and after the last.
    """
    from keras_norms.lab.data import load

    data = load("digits", data_dir=bench.data_dir)
    draw = np.random.default_rng(seed)
    chosen = draw.permutation(len(data.x_train))[:examples]
    x = data.x_train[chosen].reshape(examples, -1).astype(np.float64)
    wanted = np.eye(data.classes)[data.y_train[chosen]]
    network = RandomMlp([x.shape[1], *[width] * depth, data.classes], draw, batch=True)
    norms = []
    for step in range(steps + 1):
        layers, h, f = network.forward(x)
        chances = np.exp(f - f.max(axis=1, keepdims=True))
        chances /= chances.sum(axis=1, keepdims=True)
        gradients = network.gradients(layers, h, (chances - wanted) / examples)
        norms.append([float(np.linalg.norm(one)) for one in gradients[:-1]])
        if step < steps:
            pairs = zip(network.kernels, gradients, strict=True)
            network.kernels = [kernel - rate * slope for kernel, slope in pairs]
    spread = [float(np.log10(max(each) / min(each))) for each in norms]
    return {"range": spread, "first": norms[0], "last": norms[-1]}
