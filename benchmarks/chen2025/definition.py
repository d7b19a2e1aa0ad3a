"""Chen et al. 2025: Dynamic erf, "Derf"."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from benchmarks.identities import Bound, IdentitiesExperiment, Identity, largest

SHAPE = (3, 5, 4)
ERF = np.vectorize(math.erf, otypes=[float])


def errors(seed: int) -> dict[str, float]:
    from benchmarks.float64_layers import passed

    draw = np.random.default_rng(seed)
    x, dy = draw.normal(0.5, 2, SHAPE), draw.normal(size=SHAPE)
    start, later = passed("DynamicErf", x, dy, weights={}), passed("DynamicErf", x, dy, seed=seed)
    w = later.weights
    z = w["alpha"] * x + w["shift"]
    slope = dy * w["gamma"] * 2 / math.sqrt(math.pi) * np.exp(-(z**2))
    return {
        "start": largest(start.y - ERF(0.5 * x)),
        "y": largest(later.y - w["gamma"] * ERF(z) - w["beta"]),
        "scalars": float(max(w["alpha"].size, w["shift"].size)),
        "dx": largest(later.dx - slope * w["alpha"]),
        "alpha": largest(later.gradients["alpha"] - (slope * x).sum()),
        "shift": largest(later.gradients["shift"] - slope.sum()),
    }


@dataclass(frozen=True, kw_only=True)
class Definition(IdentitiesExperiment):
    """Chen et al. 2025: Dynamic erf, "Derf".

    Paper      "Stronger Normalization-Free Transformers", arXiv 2512.10938: y = gamma erf(alpha x +
               s) + beta, gamma and beta a channel, alpha and s one number each. The authors' code
               starts them at 0.5 and 0.
    Claims     The layer is that, at the start and with random weights, and so are its gradients.
    Ours       DynamicErf, float64, nine inputs of (3, 5, 4).
    Cost       5 CPU seconds.
    Command    python -m benchmarks run chen2025.definition --out results
    """

    identities = (
        Identity("At the start it is erf(x / 2).",
                 (Bound("start", "|y − erf(x / 2)|", 1e-12),), target="derf25-def"),
        Identity("It is γ erf(αx + s) + β, with one α and one s.",
                 (Bound("y", "|y − formula|", 1e-12), Bound("scalars", "values of α, of s", 1.0)),
                 target="derf25-def"),
        Identity("So are its gradients.",
                 (Bound("dx", "|dx − derivative|", 1e-12),
                  Bound("alpha", "|dα − derivative|", 1e-10),
                  Bound("shift", "|ds − derivative|", 1e-10)),
                 target="derf25-def"),
    )  # fmt: skip
