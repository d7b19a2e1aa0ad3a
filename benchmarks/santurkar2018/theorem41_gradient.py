"""Santurkar et al. 2018, Theorem 4.1: what batch normalization does to the gradient's length."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.identities import Bound, IdentitiesExperiment, Identity, apart

BATCHES, UNITS = (3, 16, 64), 5


def formula(x: np.ndarray, g: np.ndarray, gamma: np.ndarray) -> np.ndarray:
    """By unit gamma^2 / sigma^2 (|g|^2 - <1, g>^2 / m - <g, yhat>^2 / m)."""
    m, yhat = len(x), (x - x.mean(axis=0)) / x.std(axis=0)
    left = (g**2).sum(axis=0) - g.sum(axis=0) ** 2 / m - (g * yhat).sum(axis=0) ** 2 / m
    return gamma**2 / x.var(axis=0) * left


def errors(seed: int) -> dict[str, float]:
    from benchmarks.float64_layers import passed

    found: dict[str, list[float]] = {"equality": [], "ratio": []}
    for m in BATCHES:
        draw = np.random.default_rng((seed, m))
        x, g = draw.normal(0.5, 2.0, (m, UNITS)), draw.normal(0.3, 1.0, (m, UNITS))
        one = passed("BatchNormalization", x, g, epsilon=0.0, seed=seed)
        length = (one.dx**2).sum(axis=0)
        found["equality"].append(apart(length, formula(x, g, one.weights["gamma"])))
        plain = one.weights["gamma"] ** 2 / x.var(axis=0) * (g**2).sum(axis=0)
        found["ratio"].append(float((length / plain).max()))
    return {name: max(values) for name, values in found.items()}


@dataclass(frozen=True, kw_only=True)
class Gradient(IdentitiesExperiment):
    """Santurkar et al. 2018, Theorem 4.1: what batch normalization does to the gradient's length.

    Paper      "How Does Batch Normalization Help Optimization?", arXiv 1805.11604, Theorem 4.1:
               the squared gradient before batch normalization is at most gamma^2 / sigma^2 times
               what is left of that behind it when the parts along 1 and along its output are taken
               out.
    Claims     It is equal to that, to 1e-8, since one layer of batch normalization is what the
               theorem is about; so it is at most gamma^2 / sigma^2 times the gradient behind it.
    Ours       BatchNormalization without epsilon, float64, batches of 3, 16 and 64, nine inputs.
    Cost       10 CPU seconds.
    Command    python -m benchmarks run santurkar2018.gradient --out results
    """

    identities = (
        Identity("The squared gradient is what the theorem says, with equality.",
                 (Bound("equality", "|squared gradient / formula − 1|", 1e-8),), paper="≤",
                 target="santurkar18-thm"),
        Identity("So it is at most γ² / σ² times the one behind the layer.",
                 (Bound("ratio", "squared gradient / (γ² / σ² · that behind)", 1.0),), paper="≤ 1",
                 target="santurkar18-thm"),
    )  # fmt: skip
