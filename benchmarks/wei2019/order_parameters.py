"""The order parameters of a wide rectified network: by recursion, and in random networks."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.sparse.linalg import LinearOperator, eigsh

from benchmarks.random_mlp import RandomMlp

NAMES = ("q", "q_xy", "h", "h_xy", "b", "b_xy")  # of z, of the activations, of the slopes


def recursion(
    layers: int, sigma_w2: float, sigma_b2: float, gamma: float | None, centred: bool = False
) -> dict[str, list[float]]:
    """The paper's equations 20 to 25, from standardized inputs to a linear output.

    Args:
        layers: L, the output among them; there are L - 1 hidden ones.
        gamma: of batch normalization; None without.
        centred: whether slopes are divided by the variance of z over the batch (ours) and not by
            its second moment (the paper's).

    Returns:
        By the names of `NAMES`: z of the hidden layers, activations from the inputs on, slopes of
        the hidden layers and the output.
    """
    q, q_xy, passing, passing_xy, h, h_xy = [], [], [], [], [1.0], [0.0]
    for _ in range(layers - 1):
        q.append(sigma_b2 + sigma_w2 * h[-1])
        q_xy.append(sigma_b2 + sigma_w2 * h_xy[-1])
        if gamma is None:
            c = q_xy[-1] / q[-1]
            angle = math.asin(c)
            h.append(q[-1] / 2)
            arc = math.sqrt(1 - c * c) + c * (math.pi / 2 + angle)
            h_xy.append(q[-1] / (2 * math.pi) * arc)
            passing.append(sigma_w2 / 2)
            passing_xy.append(sigma_w2 * (math.pi / 2 + angle) / (2 * math.pi))
        else:
            h.append(gamma**2 / 2)
            h_xy.append(gamma**2 / (2 * math.pi))
            power = q[-1] - q_xy[-1] if centred else q[-1]
            passing.append(sigma_w2 * gamma**2 / (2 * power))
            passing_xy.append(sigma_w2 * gamma**2 / (4 * power))
    b, b_xy = [1.0], [1.0]
    for each, each_xy in zip(reversed(passing), reversed(passing_xy), strict=True):
        b.insert(0, b[0] * each)
        b_xy.insert(0, b_xy[0] * each_xy)
    return dict(zip(NAMES, (q, q_xy, h, h_xy, b, b_xy), strict=True))


def bound(fan_in: list[int], told: dict[str, list[float]]) -> float:
    """Claim 3.1: the sum over layers of fan-in times both overlaps."""
    return sum(n * h * b for n, h, b in zip(fan_in, told["h_xy"], told["b_xy"], strict=True))


def overlaps(rows: np.ndarray) -> tuple[float, float]:
    """The mean over examples of |row|^2, and over pairs of different ones of their product."""
    n, own = len(rows), float(np.square(rows).sum())
    return own / n, float((np.square(rows.sum(axis=0)).sum() - own) / (n * (n - 1)))


def measured(
    sizes: list[int], sigma_w2: float, sigma_b2: float, gamma: float | None, examples: int,
    networks: int, seed: int,
) -> dict[str, list[float]]:  # fmt: skip
    """Means over networks; slopes of each output with the batch's statistics held fixed."""
    about = sizes, sigma_w2, sigma_b2, gamma, examples
    every = [_of_one(*about, networks * seed + k) for k in range(networks)]
    return {name: np.mean([one[name] for one in every], axis=0).tolist() for name in NAMES}


def _of_one(
    sizes: list[int], sigma_w2: float, sigma_b2: float, gamma: float | None, examples: int,
    seed: int,
) -> dict[str, list[float]]:  # fmt: skip
    network, x = _network(sizes, sigma_w2, sigma_b2, gamma, examples, seed, frozen=True)
    layers, h, f = network.forward(x)
    found: dict[str, list[float]] = {name: [] for name in NAMES}
    for name, every in (("q", [one.z for one in layers]), ("h", [*(o.h for o in layers), h])):
        for rows in every:
            own, other = overlaps(rows)
            found[name].append(own / rows.shape[1])
            found[f"{name}_xy"].append(other / rows.shape[1])
    slopes = []
    for output in np.eye(f.shape[1]):
        by_layer = network.backward(layers, np.tile(output, (examples, 1)))
        slopes.append([overlaps(rows) for rows in by_layer])
    for name, values in zip(("b", "b_xy"), np.mean(slopes, axis=0).T, strict=True):
        found[name] = values.tolist()
    return found


def largest_eigenvalue(
    sizes: list[int], sigma_w2: float, sigma_b2: float, gamma: float | None, examples: int,
    seed: int,
) -> float:  # fmt: skip
    """Of the Fisher matrix `J^T J / n` of all kernels, J the outputs' exact derivative."""
    network, x = _network(sizes, sigma_w2, sigma_b2, gamma, examples, seed)
    layers, h, f = network.forward(x)

    def multiply(v: np.ndarray) -> np.ndarray:
        changes = network.gradients(layers, h, v.reshape(f.shape))
        return network.along(layers, h, changes).ravel() / examples

    gram = LinearOperator((f.size, f.size), matvec=multiply, dtype=float)
    start = np.random.default_rng(seed).normal(size=f.size)
    return float(eigsh(gram, 1, v0=start, tol=1e-3, return_eigenvectors=False)[0])


def _network(
    sizes: list[int], sigma_w2: float, sigma_b2: float, gamma: float | None, examples: int,
    seed: int, **options: Any,
) -> tuple[RandomMlp, np.ndarray]:  # fmt: skip
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(examples, sizes[0]))
    about = {"sigma_w2": sigma_w2, "sigma_b2": sigma_b2, "gamma": gamma or 1.0}
    return RandomMlp(sizes, draw, batch=gamma is not None, **about, **options), x


def cosines(sizes: list[int], examples: int, correlation: float, seed: int) -> list[float]:
    """Mean cosine of two examples' activations: of the inputs, then behind each BN ReLU layer.

    Args:
        correlation: of any two inputs.
    """
    draw = np.random.default_rng(seed)
    shared = draw.normal(size=sizes[0]) * correlation**0.5
    x = shared + draw.normal(size=(examples, sizes[0])) * (1 - correlation) ** 0.5
    layers, h, _ = RandomMlp([*sizes, 1], draw, batch=True).forward(x)
    return [_cosine(rows) for rows in [*(one.h for one in layers), h]]


def _cosine(rows: np.ndarray) -> float:
    return overlaps(rows / np.linalg.norm(rows, axis=1, keepdims=True))[1]
