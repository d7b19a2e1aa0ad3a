"""Full-batch descent of a small network on digits, at learning rates around the predicted limit."""

from __future__ import annotations

import numpy as np
from scipy.sparse.linalg import LinearOperator, eigsh

from benchmarks.random_mlp import RandomMlp

DIVERGED = 1e3  # a loss above it


def around_the_limit(
    loss: str, gamma: float, width: int, examples: int, steps: int, momentum: float,
    exponents: list[float], seed: int,
) -> dict:  # fmt: skip
    """Kernels descend the loss of `examples` digits from one start, a learning rate at a time.

    Args:
        loss: of `LOSSES`.
        gamma: of batch normalization, held fixed.
        exponents: of 10, of the learning rates over the predicted limit.

    Returns:
        "limit", 2 (1 + momentum) / lambda; "test" by rate, None where training diverged: the loss
        on as many other digits, normalized by their own batch.
    """
    x, y = _digits(examples, seed)
    limit = 2 * (1 + momentum) / _eigenvalue(_network(gamma, width, seed), x[0])
    test = []
    for exponent in exponents:
        network, rate = _network(gamma, width, seed), limit * 10**exponent
        finite = _descend(network, x[0], y[0], loss, rate, momentum, steps)
        test.append(LOSSES[loss](network.forward(x[1])[2], y[1])[0] if finite else None)
    return {"limit": limit, "test": test}


def squared(f: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """Half the mean squared error of the outputs, whose Fisher matrix is J^T J / n; its slope."""
    return float(np.square(f - y).sum() / (2 * len(y))), (f - y) / len(y)


def cross_entropy(f: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """Of the softmax of the outputs; its slope."""
    logs = f - f.max(axis=1, keepdims=True)
    logs = logs - np.log(np.exp(logs).sum(axis=1, keepdims=True))
    return float(-(y * logs).sum() / len(y)), (np.exp(logs) - y) / len(y)


LOSSES = {"squared error": squared, "cross-entropy": cross_entropy}


def _network(gamma: float, width: int, seed: int) -> RandomMlp:
    about = {"sigma_w2": 2.0, "sigma_b2": 0.5, "gamma": gamma}
    sizes = [64, width, width, width, 10]
    return RandomMlp(sizes, np.random.default_rng(seed), batch=True, **about)


def _digits(examples: int, seed: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    from keras_norms.lab import data

    digits = data.load("digits")
    images = np.concatenate([digits.x_train, digits.x_test]).reshape(-1, 64).astype(float)
    labels = np.eye(10)[np.concatenate([digits.y_train, digits.y_test])]
    order = np.random.default_rng([seed, 1]).permutation(len(images))
    parts = order[:examples], order[examples : 2 * examples]
    return [images[part] for part in parts], [labels[part] for part in parts]


def _eigenvalue(network: RandomMlp, x: np.ndarray) -> float:
    """The largest of `J^T J / n`, J the derivative of the outputs in all kernels."""
    layers, h, f = network.forward(x)

    def multiply(v: np.ndarray) -> np.ndarray:
        changes = network.gradients(layers, h, v.reshape(f.shape))
        return network.along(layers, h, changes).ravel() / len(x)

    gram = LinearOperator((f.size, f.size), matvec=multiply, dtype=float)
    start = np.random.default_rng(0).normal(size=f.size)
    return float(eigsh(gram, 1, v0=start, tol=1e-3, return_eigenvectors=False)[0])


def _descend(
    network: RandomMlp, x: np.ndarray, y: np.ndarray, loss: str, rate: float, momentum: float,
    steps: int,
) -> bool:  # fmt: skip
    """Steps the kernels; whether the loss stayed finite and below the limit."""
    moving = [np.zeros_like(kernel) for kernel in network.kernels]
    with np.errstate(over="ignore", invalid="ignore"):
        for step in range(steps + 1):
            layers, h, f = network.forward(x)
            value, slope = LOSSES[loss](f, y)
            if not value <= DIVERGED:
                return False
            if step == steps:
                break
            slopes = network.gradients(layers, h, slope)
            moving = [momentum * v - rate * g for v, g in zip(moving, slopes, strict=True)]
            network.kernels = [k + v for k, v in zip(network.kernels, moving, strict=True)]
    return True
