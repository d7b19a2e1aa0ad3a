"""The largest eigenvalue of a symmetric matrix that is known by its products alone.

SciPy's `eigsh` would do; this package's base needs Keras alone.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def largest_eigenvalue(
    product: Callable[[np.ndarray], np.ndarray],
    size: int,
    *,
    tolerance: float,
    iterations: int,
    seed: int,
) -> tuple[float, int, float]:
    """The eigenvalue furthest to the right, by Lanczos with full reorthogonalization.

    Negative eigenvalues, however large, do not disturb it, as they do power iteration.

    Args:
        product: a vector of length `size` to the matrix times it.
        tolerance: of the residual.
        iterations: products at most; as many vectors are kept.
        seed: of the first vector, normal.

    Returns:
        The eigenvalue `l`; the number of products; the residual `|A v - l v| / |l|` of its unit
        vector `v`, within which, times `|l|`, some eigenvalue of the matrix lies. NaN for both
        where a product is not finite.
    """
    first = np.random.default_rng(seed).normal(size=size)
    basis = (first / np.linalg.norm(first))[None]
    diagonal: list[float] = []
    beside: list[float] = []
    count, value, rest = 0, float("nan"), float("nan")
    for count in range(1, min(iterations, size) + 1):
        image = product(basis[-1])
        if not np.isfinite(image).all():
            return float("nan"), count, float("nan")
        diagonal.append(float(basis[-1] @ image))
        for _ in range(2):  # once leaves as much as was cancelled
            image = image - basis.T @ (basis @ image)
        length = float(np.linalg.norm(image))
        values, vectors = np.linalg.eigh(np.diag(diagonal) + np.diag(beside, -1))  # reads one half
        value, rest = float(values[-1]), length * abs(float(vectors[-1, -1]))
        if rest <= tolerance * abs(value):
            break
        basis = np.concatenate([basis, image[None] / length])
        beside.append(length)
    return value, count, rest / abs(value) if value else rest
