"""How long kernels are, and by what angle a step turns them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def norms(kernels: Sequence[np.ndarray]) -> list[float]:
    """The Euclidean norm of each kernel."""
    return [float(np.linalg.norm(kernel.ravel().astype(np.float64))) for kernel in kernels]


def angles(before: Sequence[np.ndarray], after: Sequence[np.ndarray]) -> list[float]:
    """The angle in radians between each kernel before and after, NaN where one is zero.

    From the chord between the unit vectors, which is exact for small angles too, where the arc
    cosine of the scalar product loses half of the digits.

    Reference: Wan et al. 2021, arXiv 2006.08419: at equilibrium sqrt(2 eta lambda) a step of SGD.
    """
    found = []
    for one, other in zip(before, after, strict=True):
        a, b = (array.ravel().astype(np.float64) for array in (one, other))
        lengths = np.linalg.norm(a), np.linalg.norm(b)
        if not all(lengths):
            found.append(float("nan"))
            continue
        chord = np.linalg.norm(a / lengths[0] - b / lengths[1])
        found.append(float(2 * np.arcsin(min(1.0, chord / 2))))
    return found
