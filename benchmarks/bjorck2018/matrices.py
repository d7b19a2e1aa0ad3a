"""Products of random matrices: their singular values, and Theorem 1's density of them."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

POINTS = 200_001  # of the density, evenly over its angle
SMALL = 0.1  # a singular value below it is small


def product(size: int, factors: int, bins: int, seed: int) -> dict[str, Any]:
    """Singular values of a product of Gaussian matrices, against Theorem 1.

    Args:
        size: rows and columns N; entries are independent, of mean 0 and variance 1/N.
        factors: how many, M.
        bins: of the histogram, from 0 to the edge of the theory's support.
        seed: of the entries.

    Returns:
        `largest`, `median`, `small` (the share below 0.1), `condition` (log10 of the largest over
        the smallest), `distance` (Kolmogorov and Smirnov's, to the theory) and `counts`.
    """
    draw = np.random.default_rng((seed, factors))
    matrix = np.eye(size)
    for _ in range(factors):
        matrix = matrix @ draw.normal(scale=size**-0.5, size=(size, size))
    values = np.sort(np.linalg.svd(matrix, compute_uv=False))
    theory = below(values, factors)
    steps = np.arange(size + 1) / size
    distance = np.maximum(np.abs(theory - steps[1:]), np.abs(theory - steps[:-1])).max()
    counts, _ = np.histogram(values, bins, (0, edge(factors)))
    with np.errstate(divide="ignore"):
        condition = np.log10(np.divide(values[-1], values[0]))
    return {
        "largest": float(values[-1]),
        "median": float(np.median(values)),
        "small": float((values < SMALL).mean()),
        "condition": float(condition),
        "distance": float(distance),
        "counts": counts.tolist(),
    }


def edge(factors: int) -> float:
    """The largest singular value of the theory: `sqrt((M + 1)^(M + 1) / M^M)`."""
    return math.sqrt((factors + 1) ** (factors + 1) / factors**factors)


def density(factors: int) -> tuple[np.ndarray, np.ndarray]:
    """The singular values `s` of the theory, increasing, and their density.

    With an angle `phi` in (0, pi / (M + 1)),

        s^2 = sin^(M+1)((M + 1) phi) / (sin(phi) sin^M(M phi))
        rho(s^2) = sin((M + 1) phi) sin(phi) / (pi s^2 sin(M phi))

    where `rho` is the density of the squares, so that of `s` is `2 s rho(s^2)`.

    Reference: Bjorck et al. 2018, arXiv 1806.02375, Theorem 1.
    """
    phi = np.linspace(math.pi / (factors + 1), 0, POINTS + 1)[1:-1]
    outer, inner = np.sin((factors + 1) * phi), np.sin(factors * phi)
    square = outer ** (factors + 1) / (np.sin(phi) * inner**factors)
    values = np.sqrt(square)
    return values, 2 * values * outer * np.sin(phi) / (math.pi * square * inner)


def below(values: np.ndarray, factors: int) -> np.ndarray:
    """The theory's share of singular values below each of `values`."""
    known, shares = _distribution(factors)
    return np.interp(values, known, shares, left=0.0, right=1.0)


@functools.lru_cache(16)
def _distribution(factors: int) -> tuple[np.ndarray, np.ndarray]:
    known, dense = density(factors)
    pieces = np.diff(known) * (dense[1:] + dense[:-1]) / 2
    # What lies below the first point: near 0 the density is a power of s, -(M - 1) / (M + 1).
    first = known[0] * dense[0] * (factors + 1) / 2
    return known, np.concatenate([[0], np.cumsum(pieces)]) + first
