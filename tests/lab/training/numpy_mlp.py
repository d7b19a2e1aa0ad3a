"""A multilayer perceptron, its gradient and SGD in NumPy float64, written out by hand."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

EPSILON = 1e-3


@dataclass
class Layer:
    """`relu(batch norm(x kernel + bias))`; no norm without gamma, no bias where there is none."""

    kernel: np.ndarray
    bias: np.ndarray | None = None
    gamma: np.ndarray | None = None
    beta: np.ndarray | None = None
    moving_mean: np.ndarray | None = None
    moving_variance: np.ndarray | None = None
    activated: bool = True
    gradients: dict[str, np.ndarray] = field(default_factory=dict)
    velocity: dict[str, np.ndarray] = field(default_factory=dict)

    def forward(self, x: np.ndarray, decay: float | None) -> np.ndarray:
        """`decay` of the moving statistics in training, None for inference."""
        self.x = x
        y = x @ self.kernel
        if self.bias is not None:
            y = y + self.bias
        if self.gamma is not None:
            mean, variance = self.moving_mean, self.moving_variance
            if decay is not None:
                mean, variance = y.mean(0), y.var(0)
                self.moving_mean = decay * self.moving_mean + (1 - decay) * mean
                self.moving_variance = decay * self.moving_variance + (1 - decay) * variance
            self.deviation = np.sqrt(variance + EPSILON)
            self.standard = (y - mean) / self.deviation
            y = self.gamma * self.standard + self.beta
        self.positive = y > 0
        return np.maximum(y, 0) if self.activated else y

    def backward(self, dy: np.ndarray) -> np.ndarray:
        if self.activated:
            dy = dy * self.positive
        if self.gamma is not None:
            self.gradients["gamma"] = (dy * self.standard).sum(0)
            self.gradients["beta"] = dy.sum(0)
            dz, z = dy * self.gamma, self.standard
            dy = (dz - dz.mean(0) - z * (dz * z).mean(0)) / self.deviation
        if self.bias is not None:
            self.gradients["bias"] = dy.sum(0)
        self.gradients["kernel"] = self.x.T @ dy
        return dy @ self.kernel.T

    def update(self, rates: dict[str, float], momentum: float, l2: float) -> None:
        """`rates` by the name of the variable."""
        self.gradients["kernel"] = self.gradients["kernel"] + 2 * l2 * self.kernel
        for name, gradient in self.gradients.items():
            velocity = momentum * self.velocity.get(name, 0.0) - rates[name] * gradient
            self.velocity[name] = velocity
            setattr(self, name, getattr(self, name) + velocity)


@dataclass
class Perceptron:
    layers: list[Layer]
    decay: float

    def train_step(
        self,
        x: np.ndarray,
        labels: np.ndarray,
        rates: list[dict[str, float]],
        momentum: float,
        l2: float,
    ) -> tuple[float, float]:
        """Loss and accuracy before the update; `rates` by layer."""
        loss, accuracy, dy = measures(self._logits(x, self.decay), labels)
        for layer in reversed(self.layers):
            dy = layer.backward(dy)
        for layer, its_rates in zip(self.layers, rates, strict=True):
            layer.update(its_rates, momentum, l2)
        return loss, accuracy

    def test(self, x: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
        return measures(self._logits(x, None), labels)[:2]

    def _logits(self, x: np.ndarray, decay: float | None) -> np.ndarray:
        y = x.reshape(len(x), -1).astype(np.float64)
        for layer in self.layers:
            y = layer.forward(y, decay)
        return y


def measures(logits: np.ndarray, labels: np.ndarray) -> tuple[float, float, np.ndarray]:
    """Cross-entropy, accuracy, and the gradient of the first in the logits."""
    shifted = logits - logits.max(1, keepdims=True)
    probabilities = np.exp(shifted) / np.exp(shifted).sum(1, keepdims=True)
    target = np.eye(logits.shape[1])[labels]
    loss = -(target * np.log(probabilities)).sum(1).mean()
    accuracy = (logits.argmax(1) == labels).mean()
    return loss, accuracy, (probabilities - target) / len(labels)
