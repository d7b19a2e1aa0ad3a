"""A multilayer perceptron at initialization in NumPy: forward, backward, and along a change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

# Each with its derivative.
ACTIVATIONS: dict[str, tuple[Callable, Callable]] = {
    "relu": (lambda a: np.maximum(a, 0), lambda a: (a > 0).astype(a.dtype)),
    "tanh": (np.tanh, lambda a: 1 - np.tanh(a) ** 2),
    "linear": (lambda a: a, np.ones_like),
}


@dataclass
class Layer:
    """What a hidden layer has seen: `h` entering, `z = h W + b`, and what followed.

    Attributes:
        u: z normalized, or z.
        deviation: by unit, what z was divided by; 1 without a normalizer.
        slope: derivative of the activation.
    """

    h: np.ndarray
    z: np.ndarray
    u: np.ndarray
    deviation: np.ndarray | float
    slope: np.ndarray


class RandomMlp:
    """`z = h W + b`, batch-normalized where told, `h = phi(gamma u)`; a linear head at the end.

    Args:
        sizes: of the inputs, the hidden layers and the outputs.
        draw: where the normal weights come from.
        batch: whether there is batch normalization, without epsilon, before each activation.
        activation: of `ACTIVATIONS`.
        sigma_w2: variance of a weight times its fan-in; 2 is He's.
        sigma_b2: variance of the biases.
        gamma: of every unit.
        frozen: whether derivatives take the batch's statistics for constants.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        draw: np.random.Generator,
        *,
        batch: bool,
        activation: str = "relu",
        sigma_w2: float = 2.0,
        sigma_b2: float = 0.0,
        gamma: float = 1.0,
        frozen: bool = False,
    ) -> None:
        self.kernels = [
            draw.normal(scale=(sigma_w2 / rows) ** 0.5, size=(rows, columns))
            for rows, columns in pairwise(sizes)
        ]
        self.biases = [draw.normal(scale=sigma_b2**0.5, size=size) for size in sizes[1:]]
        self.batch, self.gamma, self.frozen = batch, gamma, frozen
        self.phi, self.derivative = ACTIVATIONS[activation]

    def forward(self, x: np.ndarray) -> tuple[list[Layer], np.ndarray, np.ndarray]:
        """The hidden layers, what enters the head, and the outputs."""
        layers, h = [], x
        for kernel, bias in zip(self.kernels[:-1], self.biases[:-1], strict=True):
            z = h @ kernel + bias
            deviation = z.std(axis=0) if self.batch else 1.0
            u = (z - z.mean(axis=0)) / deviation if self.batch else z
            layers.append(Layer(h, z, u, deviation, self.derivative(self.gamma * u)))
            h = self.phi(self.gamma * u)
        return layers, h, h @ self.kernels[-1] + self.biases[-1]

    def backward(self, layers: list[Layer], slope: np.ndarray) -> list[np.ndarray]:
        """From dL/df of the outputs: dL/dz of each hidden layer, in their order, then dL/df."""
        found = [slope]
        for layer, kernel in zip(reversed(layers), reversed(self.kernels[1:]), strict=True):
            slope = self._through(layer, (slope @ kernel.T) * layer.slope)
            found.append(slope)
        return found[::-1]

    def gradients(self, layers: list[Layer], h: np.ndarray, slope: np.ndarray) -> list[np.ndarray]:
        """dL/dW of every layer."""
        entering = [*(layer.h for layer in layers), h]
        slopes = self.backward(layers, slope)
        return [one.T @ other for one, other in zip(entering, slopes, strict=True)]

    def along(
        self, layers: list[Layer], h: np.ndarray, changes: Sequence[np.ndarray]
    ) -> np.ndarray:
        """How the outputs change where the kernels change by so much, to first order."""
        moved: np.ndarray | float = 0.0
        for layer, kernel, change in zip(layers, self.kernels, changes, strict=False):
            z = layer.h @ change
            z = z if isinstance(moved, float) else z + moved @ kernel
            moved = layer.slope * self._through(layer, z)
        return h @ changes[-1] + moved @ self.kernels[-1]

    def _through(self, layer: Layer, value: np.ndarray) -> np.ndarray:
        """Times the derivative of `gamma u` by z, which is symmetric."""
        value = self.gamma * value / layer.deviation
        if not self.batch or self.frozen:
            return value
        along = (value * layer.u).mean(axis=0)
        return value - value.mean(axis=0) - layer.u * along
