"""A perceptron and its matrices of curvature in NumPy float64, formed by central differences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tests.oracles.batch import batch
from tests.oracles.group import group
from tests.oracles.layer import layer

NORMALIZERS = {
    "none": None,
    "batch": batch,
    "layer": layer,
    "group:groups=2": lambda x, gamma, beta: group(x, gamma, beta, groups=2),
}


@dataclass
class Perceptron:
    """`act(norm(x kernel + bias))` once, then a linear head; `weights` in Keras's order."""

    x: np.ndarray
    normalizer: str
    activation: Callable[[np.ndarray], np.ndarray]
    weights: list[np.ndarray]

    def outputs(self, flat: np.ndarray) -> np.ndarray:
        pieces, start = [], 0
        for weight in self.weights:
            pieces.append(flat[start : start + weight.size].reshape(weight.shape))
            start += weight.size
        kernel, *between, head, shift = pieces
        hidden = self.x @ kernel
        if len(between) % 2:  # no bias before batch normalization
            hidden = hidden + between.pop(0)
        if normalize := NORMALIZERS[self.normalizer]:
            gamma, beta = between
            hidden = normalize(hidden, gamma, beta)
        return self.activation(hidden) @ head + shift

    @property
    def flat(self) -> np.ndarray:
        return np.concatenate([weight.ravel() for weight in self.weights]).astype(np.float64)

    def jacobian(self, step: float = 1e-6) -> np.ndarray:
        """Of shape (examples, classes, weights)."""
        columns = [
            (self.outputs(self.flat + shift) - self.outputs(self.flat - shift)) / (2 * step)
            for shift in step * np.eye(self.flat.size)
        ]
        return np.stack(columns, axis=-1)

    def gauss_newton(self, bend: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """`bend` gives the Hessian of one example's loss in its outputs."""
        outputs, jacobian = self.outputs(self.flat), self.jacobian()
        each = [j.T @ bend(z) @ j for z, j in zip(outputs, jacobian, strict=True)]
        return np.mean(each, axis=0)

    def hessian(self, loss: Callable[[np.ndarray], float], step: float = 1e-4) -> np.ndarray:
        """Of the mean loss, by second differences."""
        shifts = step * np.eye(self.flat.size)

        def at(shift: np.ndarray) -> float:
            return loss(self.outputs(self.flat + shift))

        return np.array(
            [
                [(at(a + b) - at(a - b) - at(b - a) + at(-a - b)) / (4 * step**2) for b in shifts]
                for a in shifts
            ]
        )


def softmax(outputs: np.ndarray) -> np.ndarray:
    raised = np.exp(outputs - outputs.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)


def cross_entropy(labels: np.ndarray) -> Callable[[np.ndarray], float]:
    return lambda z: float(-np.log(softmax(z)[np.arange(len(z)), labels]).mean())


def cross_entropy_bend(outputs: np.ndarray) -> np.ndarray:
    p = softmax(outputs)
    return np.diag(p) - np.outer(p, p)


def squared_bend(outputs: np.ndarray) -> np.ndarray:
    return 2 / len(outputs) * np.eye(len(outputs))
