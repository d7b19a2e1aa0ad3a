"""Zhu et al. 2025, Section 4: Dynamic Tanh."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.identities import Bound, IdentitiesExperiment, Identity, largest

SHAPE = (3, 5, 4)


def errors(seed: int) -> dict[str, float]:
    from benchmarks.float64_layers import passed

    draw = np.random.default_rng(seed)
    x, dy = draw.normal(0.5, 2, SHAPE), draw.normal(size=SHAPE)
    start, later = passed("DynamicTanh", x, dy, weights={}), passed("DynamicTanh", x, dy, seed=seed)
    gamma, beta, alpha = (later.weights[name] for name in ("gamma", "beta", "alpha"))
    squashed = np.tanh(alpha * x)
    slope = gamma * (1 - squashed**2)
    return {
        "start": largest(start.y - np.tanh(0.5 * x)),
        "y": largest(later.y - gamma * squashed - beta),
        "dx": largest(later.dx - dy * slope * alpha),
        "alpha": largest(later.gradients["alpha"] - (dy * slope * x).sum()),
        "scalar": float(alpha.size),
    }


@dataclass(frozen=True, kw_only=True)
class Definition(IdentitiesExperiment):
    """Zhu et al. 2025, Section 4: Dynamic Tanh.

    Paper      "Transformers without Normalization", arXiv 2503.10622: y = gamma tanh(alpha x) +
               beta, gamma and beta a channel, alpha one number, which starts at 0.5.
    Claims     The layer is that, at the start and with random weights, and so are its gradients.
    Ours       DynamicTanh, float64, nine inputs of (3, 5, 4).
    Cost       5 CPU seconds.
    Command    python -m benchmarks run zhu2025.definition --out results
    """

    identities = (
        Identity("At the start it is tanh(x / 2).",
                 (Bound("start", "|y − tanh(x / 2)|", 1e-12),), target="dyt25-def"),
        Identity("It is γ tanh(αx) + β, with one α.",
                 (Bound("y", "|y − formula|", 1e-12), Bound("scalar", "values of α", 1.0)),
                 target="dyt25-def"),
        Identity("So are its gradients.",
                 (Bound("dx", "|dx − derivative|", 1e-12),
                  Bound("alpha", "|dα − derivative|", 1e-10)),
                 target="dyt25-def"),
    )  # fmt: skip
