"""Early descent at learning rates in units of one over the sharpness at the start."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.sharpness import problem
from keras_norms.lab.job import Bench

DIVERGED = 1e3  # times the first loss


def scan(
    depth: int,
    width: int,
    examples: int,
    batch: bool,
    units: list[float],
    steps: int,
    bench: Bench,
    seed: int,
) -> dict[str, Any]:
    """A few steps of descent from one start at rates `c / lambda_0`, full batch, tanh.

    Args:
        units: the values of c.
        steps: of each; the sharpness is taken after as many steps at c = 1.

    Returns:
        `sharpness`, lambda_0; `reduced`, the sharpness after steps at c = 1 over lambda_0;
        `highest`, by c the largest loss over the first one; infinite ones are cut at `DIVERGED`.
    """
    descent = problem(depth, width, examples, seed, bench, batch=batch)
    start = descent.weights()
    sharpness, (first, _) = descent.sharpness(start), descent.at(start)
    found: dict[str, Any] = {"sharpness": sharpness, "highest": [], "reduced": 0.0}
    for c in [1.0, *units]:
        weights, highest = start, 1.0
        for _ in range(steps):
            weights = weights - c / sharpness * descent.at(weights)[1]
            highest = max(highest, descent.at(weights)[0] / first)
            if not highest < DIVERGED:
                highest = DIVERGED
                break
        found["highest"].append(float(highest))
        if len(found["highest"]) == 1:
            found["reduced"] = descent.sharpness(weights) / sharpness
    found["highest"] = found["highest"][1:]
    return found


def first_rise(found: dict[str, Any], units: list[float]) -> float:
    """c_loss: the smallest c at which the loss rises above the first one; infinite where none."""
    return next((c for c, h in zip(units, found["highest"], strict=True) if h > 1), np.inf)


def first_divergence(found: dict[str, Any], units: list[float]) -> float:
    """c_max: the smallest c at which it diverges; infinite where none."""
    pairs = zip(units, found["highest"], strict=True)
    return next((c for c, h in pairs if h >= DIVERGED), np.inf)
