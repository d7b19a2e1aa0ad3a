"""Gradient descent on whitened linear regression, with batch normalization and without."""

from __future__ import annotations

from typing import Any

import numpy as np

ARMS = ("BN", "none")
LARGE = 1e12  # a loss at which a run ends


def descent(
    arm: str, rate: float, scale: float, features: int, examples: int, steps: int, seed: int
) -> dict[str, Any]:
    """The loss by step on inputs that are whitened exactly, with targets `x w`, `|w| = 1`.

    The outputs are `alpha BN(x w)` or `x w`; kernels start normal at length 1. alpha starts at
    `scale` and learns at a tenth, so that its own curvature of 1 is stable for every `rate`.

    Args:
        arm: of `ARMS`.
        rate: of the kernel.

    Returns:
        `losses`, one more than steps, less where the loss passes `LARGE`.
    """
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(examples, features))
    x, _ = np.linalg.qr(x - x.mean(axis=0))
    x *= examples**0.5
    target, kernel = draw.normal(size=(2, features))
    target, kernel = target / np.linalg.norm(target), kernel / np.linalg.norm(kernel)
    wanted, alpha, losses = x @ target, scale, []
    for _ in range(steps + 1):
        z = x @ kernel
        deviation = z.std() if arm == "BN" else 1.0
        u = (z - z.mean()) / deviation if arm == "BN" else z
        error = (alpha if arm == "BN" else 1.0) * u - wanted
        losses.append(float(0.5 * np.square(error).mean()))
        if not losses[-1] < LARGE:
            break
        slope = error / examples
        if arm == "BN":
            through = alpha * slope / deviation
            alpha -= 0.1 * float(slope @ u)
            slope = through - through.mean() - u * (through * u).mean()
        kernel = kernel - rate * (x.T @ slope)
    return {"losses": losses}
