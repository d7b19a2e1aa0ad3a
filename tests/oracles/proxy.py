"""Proxy normalization in float64, from Labatie et al. 2021 (arXiv:2106.03743)."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from tests.oracles.arrays import Axis, along

PHI = {
    "relu": lambda u: np.maximum(u, 0),
    "silu": lambda u: u / (1 + np.exp(-u)),
    "softplus": lambda u: np.logaddexp(u, 0),
    "linear": lambda u: u,
}


def proxy(
    y,
    gamma=1.0,
    beta=0.0,
    *,
    activation="relu",
    samples=200,
    proxy_gamma=0.0,
    proxy_beta=0.0,
    axis: Axis = -1,
    epsilon=0.03,
    **unused,
) -> np.ndarray:
    """z = (phi(gamma y + beta) - E[phi(gamma Y + beta)]) / sqrt(Var[...] + epsilon)."""
    phi = PHI[getattr(activation, "__name__", activation)]
    g, b, dg, db = (along(w, y, axis) for w in (gamma, beta, proxy_gamma, proxy_beta))
    drawn = [
        phi(g * (db + (1 + dg) * NormalDist().inv_cdf((i + 0.5) / samples)) + b)
        for i in range(samples)
    ]
    mean = sum(drawn) / samples
    variance = sum((value - mean) ** 2 for value in drawn) / samples
    return (phi(g * y + b) - mean) / np.sqrt(variance + epsilon)
