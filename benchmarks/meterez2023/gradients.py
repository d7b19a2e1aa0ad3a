"""Gradients of deep linear networks with batch normalization at initialization, in float64."""

from __future__ import annotations

import numpy as np

# Arm -> orthogonal weights or normal ones, and whether the mean is subtracted.
ARMS = {
    "orthogonal": (True, False),
    "orthogonal, centred": (True, True),
    "normal": (False, False),
}


def orthogonal(draw: np.random.Generator, size: int) -> np.ndarray:
    """A square orthogonal matrix, of the uniform distribution."""
    q, r = np.linalg.qr(draw.normal(size=(size, size)))
    return q * np.sign(np.diag(r))


def normalized(z: np.ndarray, centred: bool) -> tuple[np.ndarray, np.ndarray]:
    """Each column over its root mean square, or its standard deviation; and what it was."""
    z = z - z.mean(axis=0) if centred else z
    scale = np.sqrt(np.square(z).mean(axis=0))
    return z / scale, scale


def by_layer(
    arm: str, depth: int, width: int, examples: int, seed: int, places: int = 33
) -> list[float]:
    """Norm of the loss's gradient in each kernel, from the first layer on.

    `h = BN(h W)`, `depth` times; the inputs and the gradient in the last outputs are normal.

    Args:
        arm: of `ARMS`.
        width: of all layers, and of the inputs.
        examples: of the batch.
        places: how many layers, evenly spaced, the first and the last among them.
    """
    draw = np.random.default_rng(seed)
    straight, centred = ARMS[arm]
    h, layers = draw.normal(size=(examples, width)), []
    for _ in range(depth):
        kernel = orthogonal(draw, width) if straight else draw.normal(size=(width, width))
        u, scale = normalized(h @ kernel, centred)
        layers.append((h, kernel, u, scale))
        h = u
    slope, found = draw.normal(size=h.shape), []
    for entering, kernel, u, scale in reversed(layers):
        slope = slope - u * (slope * u).mean(axis=0)
        slope = (slope - slope.mean(axis=0) if centred else slope) / scale
        found.append(float(np.linalg.norm(entering.T @ slope)))
        slope = slope @ kernel.T
    kept = np.linspace(0, depth - 1, min(places, depth)).round().astype(int)
    return [found[::-1][place] for place in kept]
