"""Full-batch gradient descent on a small MLP in float64, and the sharpness on the way."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse.linalg import LinearOperator, eigsh

from benchmarks.random_mlp import RandomMlp
from keras_norms.lab.job import Bench

LARGE = 1e3  # times the first loss: there a run ends
MOVE = 1e-5  # of the length of the weights, by which gradients are compared


class Descent:
    """The kernels of a network as one vector, and half the mean squared error of its outputs.

    Args:
        network: a random one.
        x: inputs, (examples, features).
        y: targets, (examples, outputs).
        head: whether the last kernel learns; the others always do, biases never.
    """

    def __init__(self, network: RandomMlp, x: np.ndarray, y: np.ndarray, head: bool = True) -> None:
        self.network, self.x, self.y = network, x, y
        self._learns = len(network.kernels) - (not head)
        self._start: np.ndarray | None = None

    def weights(self) -> np.ndarray:
        return np.concatenate([k.ravel() for k in self.network.kernels[: self._learns]])

    def at(self, weights: np.ndarray) -> tuple[float, np.ndarray]:
        """The loss at some weights, and its gradient."""
        kernels, place = self.network.kernels, 0
        for k in range(self._learns):
            size = kernels[k].size
            kernels[k] = weights[place : place + size].reshape(kernels[k].shape)
            place += size
        layers, h, f = self.network.forward(self.x)
        error = f - self.y
        slopes = self.network.gradients(layers, h, error / len(error))
        gradient = np.concatenate([slope.ravel() for slope in slopes[: self._learns]])
        return 0.5 * float(np.square(error).sum(axis=1).mean()), gradient

    def sharpness(self, weights: np.ndarray) -> float:
        """The largest eigenvalue of the Hessian, whose products are differences of gradients.

        Lanczos begins at the vector that was found last.
        """
        length = float(np.linalg.norm(weights))

        def product(v: np.ndarray) -> np.ndarray:
            step = MOVE * length / float(np.linalg.norm(v))
            ahead, behind = (self.at(weights + sign * step * v)[1] for sign in (1, -1))
            return (ahead - behind) / (2 * step)

        size = len(weights)
        start = np.ones(size) if self._start is None else self._start
        matrix = LinearOperator((size, size), matvec=product, dtype=np.float64)
        values, vectors = eigsh(matrix, 1, which="LA", v0=start, ncv=12, tol=1e-3)
        self._start = vectors[:, 0]
        return float(values[0])


def problem(
    depth: int,
    width: int,
    examples: int,
    seed: int,
    bench: Bench,
    *,
    batch: bool,
    activation: str = "tanh",
    head: bool = True,
) -> Descent:
    """Digits, drawn by the seed, and a random network with batch normalization or without.

    Args:
        depth: hidden layers.
        activation: of `random_mlp.ACTIVATIONS`; "relu" with He weights, else 1 / fan-in.
    """
    from keras_norms.lab.data import load

    data, draw = load("digits", data_dir=bench.data_dir), np.random.default_rng(seed)
    chosen = draw.permutation(len(data.x_train))[:examples]
    x = data.x_train[chosen].reshape(examples, -1).astype(np.float64)
    scale = 2.0 if activation == "relu" else 1.0
    sizes = [x.shape[1], *[width] * depth, data.classes]
    network = RandomMlp(sizes, draw, batch=batch, activation=activation, sigma_w2=scale)
    return Descent(network, x, np.eye(data.classes)[data.y_train[chosen]], head)


def trajectory(
    descent: Descent, rate: float, steps: int, every: int, decay: float = 0.0
) -> dict[str, Any]:
    """Descent by `w -= rate (gradient + decay w)`; a look before the first step and every so many.

    Returns:
        By look `step`, `loss`, `sharpness` (of the loss without the decay) and `norm` of the
        weights; `rises`, how many of the steps since the look before raised the loss. `diverged`,
        whether the loss passed `LARGE` times the first, where the looks end.
    """
    found: dict[str, Any] = {name: [] for name in ("step", "loss", "sharpness", "norm", "rises")}
    weights, before, rises, diverged = descent.weights(), np.inf, 0, False
    first = descent.at(weights)[0]
    for step in range(steps + 1):
        loss, gradient = descent.at(weights)
        if diverged := not loss < LARGE * first:
            break
        rises, before = rises + (loss > before), loss
        if step % every == 0:
            look = (step, loss, descent.sharpness(weights), float(np.linalg.norm(weights)), rises)
            for name, value in zip(found, look, strict=True):
                found[name].append(value)
            rises = 0
        weights = weights - rate * (gradient + decay * weights)
    return {**found, "diverged": diverged}


def descend(
    depth: int,
    width: int,
    examples: int,
    batch: bool,
    head: bool,
    rate: float,
    decay: float,
    steps: int,
    every: int,
    bench: Bench,
    seed: int,
) -> dict[str, Any]:
    """The `trajectory` of a `problem` with tanh."""
    descent = problem(depth, width, examples, seed, bench, batch=batch, head=head)
    return trajectory(descent, rate, steps, every, decay)


def late(found: dict[str, Any], rate: float) -> float:
    """The median sharpness of the last two thirds of the looks, over 2 / rate.

    Infinite where the descent diverged.
    """
    if found["diverged"]:
        return np.inf
    values = found["sharpness"][len(found["sharpness"]) // 3 :]
    return float(np.median(values)) * rate / 2
