"""What is read off losses by learning rate, None where training diverged."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

EXPONENTS = tuple(k / 3 for k in range(-4, 5))  # of 10, of the rates over the predicted one

Tests = Sequence[float | None]


def share(of: Sequence[Tests], low: float, high: float) -> float:
    """Of the trainings with exponents between `low` and `high` those that stayed finite."""
    pairs = [pair for one in of for pair in zip(EXPONENTS, one, strict=True)]
    return float(np.mean([value is not None for e, value in pairs if low < e < high]))


def boundary(tests: Tests) -> float:
    """The middle exponent between the last that is finite and the first that is not."""
    first = next((k for k, value in enumerate(tests) if value is None), len(tests))
    if first == len(tests):
        return math.inf  # none diverged
    return -math.inf if not first else (EXPONENTS[first - 1] + EXPONENTS[first]) / 2


def lowest(tests: Tests) -> float:
    """The exponent of the lowest loss."""
    return EXPONENTS[int(np.argmin([math.inf if value is None else value for value in tests]))]
