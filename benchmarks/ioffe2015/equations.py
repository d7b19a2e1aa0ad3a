"""The paper's equations, checked on the running backend: each check gives its largest errors."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from benchmarks.ioffe2015.steps import array, double, stepper
from benchmarks.speed.float64 import reference
from keras_norms.layers import BatchNormalization

Errors = dict[str, float]
EPSILONS = (0.0, 1e-5, 1e-3)
BATCHES = (2, 3, 4, 8, 16, 32, 64)
SCALES = (0.01, 0.1, 10.0, 100.0)
FACTOR, SHIFT = 1.25, -0.5  # gamma and beta; exact in float32, through which TensorFlow makes them


class Spelled(keras.layers.Layer):
    """Algorithm 1 in the backend's operations, for its automatic derivative."""

    def __init__(self, epsilon: float) -> None:
        super().__init__(dtype="float64")
        self.epsilon = epsilon

    def call(self, x):
        centred = x - ops.sum(x, axis=0) / x.shape[0]
        variance = ops.sum(centred * centred, axis=0) / x.shape[0]
        return FACTOR * (centred / ops.sqrt(variance + self.epsilon)) + SHIFT


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.5, 1.0, shape)


def layer(epsilon: float = 1e-3, **options) -> BatchNormalization:
    """In float64, with gamma and beta of their own."""
    return BatchNormalization(
        epsilon=epsilon,
        gamma_initializer=keras.initializers.Constant(FACTOR),
        beta_initializer=keras.initializers.Constant(SHIFT),
        dtype="float64",
        **options,
    )


def largest(*arrays) -> float:
    """The largest absolute value; 1e300 where one is not finite, which JSON can hold."""
    found = float(max(np.abs(each).max() for each in arrays))
    return found if np.isfinite(found) else 1e300


def relative(got: np.ndarray, wanted: np.ndarray) -> float:
    return largest(got - wanted) / largest(wanted)


def forward() -> Errors:
    """Algorithm 1: outputs; mean and power of what is normalized."""
    errors, means, powers = [], [], []
    with double():
        for epsilon in EPSILONS:
            step = stepper(layer(epsilon))
            for m in BATCHES:
                x, dy = normal(m, 7, seed=m), normal(m, 7, seed=99)
                xhat, _ = reference(x, dy, (0,), True, epsilon)
                y = step(x, dy).y
                errors.append(y - (FACTOR * xhat + SHIFT))
                found, variance = (y - SHIFT) / FACTOR, x.var(axis=0)
                means.append(found.mean(axis=0))
                powers.append((found**2).mean(axis=0) - variance / (variance + epsilon))
    return {"y": largest(*errors), "mean": largest(*means), "power": largest(*powers)}


def backward() -> Errors:
    """Section 3: the layer's gradients, the closed form, the automatic derivative, differences."""
    ours, automatic, along_ones, along_output = [], [], [], []
    with double():
        x, dy = normal(16, 7), normal(16, 7, seed=1)
        for epsilon in EPSILONS:
            xhat, dx = reference(x, FACTOR * dy, (0,), True, epsilon)
            got, spelled = stepper(layer(epsilon))(x, dy), stepper(Spelled(epsilon))(x, dy)
            dgamma, dbeta = got.weights
            power = (dy * xhat).sum(axis=0)
            ours += [got.dx - dx, dgamma - power, dbeta - dy.sum(axis=0)]
            automatic.append(spelled.dx - dx)
            along_ones.append(got.dx.sum(axis=0))
            left = FACTOR * power * epsilon / (x.var(axis=0) + epsilon) ** 1.5
            along_output.append((got.dx * xhat).sum(axis=0) - left)
        central = difference(x, dy, 1e-3) - stepper(layer())(x, dy).dx
    return {
        "closed form": largest(*ours),
        "automatic": largest(*automatic),
        "central": largest(central),
        "sum": largest(*along_ones),
        "sum with output": largest(*along_output),
    }


def difference(x: np.ndarray, dy: np.ndarray, epsilon: float, step: float = 1e-5) -> np.ndarray:
    """Central differences of `sum(dy * y)` by each element of x, in NumPy."""

    def value(x: np.ndarray) -> float:
        return float((dy * (FACTOR * reference(x, dy, (0,), True, epsilon)[0] + SHIFT)).sum())

    slopes = np.empty_like(x)
    for place in np.ndindex(x.shape):
        nudge = np.zeros_like(x)
        nudge[place] = step
        slopes[place] = (value(x + nudge) - value(x - nudge)) / (2 * step)
    return slopes


def convolution() -> Errors:
    """Section 3.2: feature maps are one batch of all their places."""
    x, dy = normal(4, 5, 6, 3), normal(4, 5, 6, 3, seed=1)
    with double():
        on_maps = layer()
        maps = stepper(on_maps)(x, dy)
        flat = stepper(layer())(x.reshape(120, 3), dy.reshape(120, 3))
    apart = largest(maps.y.reshape(120, 3) - flat.y, maps.dx.reshape(120, 3) - flat.dx)
    trained = sum(array(v.value).size for v in on_maps.trainable_variables)
    return {"apart": apart, "weights": float(abs(trained - 6))}


def scale_invariance() -> Errors:
    """Section 3.3: W times a leaves y and dL/du alone and divides dL/dW by a."""
    u, w, dy = normal(16, 5), normal(5, 3, seed=1), normal(16, 3, seed=2)
    errors = []
    with double():
        step = stepper(layer(0.0))

        def chain(w: np.ndarray) -> tuple[np.ndarray, ...]:
            found = step(u @ w, dy)
            return found.y, found.dx @ w.T, u.T @ found.dx

        y, du, dw = chain(w)
        for a in SCALES:
            scaled = chain(a * w)
            wanted = y, du, dw / a
            errors.append([relative(g, t) for g, t in zip(scaled, wanted, strict=True)])
    return dict(zip(("y", "du", "dw"), np.max(errors, axis=0).tolist(), strict=True))
