"""Singh & Krishnan 2020, Section 3: filter response normalization and its threshold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.identities import Bound, IdentitiesExperiment, Identity, largest

SHAPE, EPSILON, TINY = (4, 5, 6, 3), 1e-6, 1e-12
KIND = "FilterResponseNormalization"


def formula(x: np.ndarray, gamma, beta, epsilon: float = EPSILON) -> np.ndarray:
    """gamma x / sqrt(nu^2 + |epsilon|) + beta, nu^2 the mean square of one filter response."""
    return gamma * x / np.sqrt((x**2).mean((1, 2), keepdims=True) + abs(epsilon)) + beta


def errors(seed: int) -> dict[str, float]:
    from benchmarks.float64_layers import passed

    draw = np.random.default_rng(seed)
    x, point = draw.normal(0.5, 2, SHAPE), draw.normal(0.5, 2, (4, 1, 1, 3))
    maps = passed(KIND, x, seed=seed, epsilon=EPSILON)
    learned = passed(KIND, x, seed=seed, epsilon=EPSILON, learnable_epsilon=True)
    weights = dict(learned.weights)
    epsilon = EPSILON + abs(weights.pop("learned_epsilon"))
    limit = passed(KIND, point, seed=seed, epsilon=TINY)
    gamma, beta = limit.weights["gamma"], limit.weights["beta"]
    cut = passed("ThresholdedLinearUnit", maps.y, seed=seed)
    return {
        "formula": largest(maps.y - formula(x, **maps.weights)),
        "learned": largest(learned.y - formula(x, **weights, epsilon=epsilon)),
        "sign": largest(limit.y - gamma * np.sign(point) - beta),
        "threshold": largest(cut.y - np.maximum(maps.y, cut.weights["tau"])),
    }


@dataclass(frozen=True, kw_only=True)
class Definition(IdentitiesExperiment):
    """Singh & Krishnan 2020, Section 3: filter response normalization and its threshold.

    Paper      "Filter Response Normalization Layer", arXiv 1911.09737, equations 1 to 4: each
               filter response is divided by its root mean square; z = max(y, tau), tau learned; on
               1x1 maps the normalized value tends to a sign, for which epsilon is learned.
    Claims     Layers are the formulas to 1e-10; on 1x1 maps, epsilon 1e-12, the output is
               gamma sign(x) + beta to 1e-6.
    Ours       FilterResponseNormalization and ThresholdedLinearUnit, float64, nine inputs.
    Cost       10 CPU seconds.
    Command    python -m benchmarks run singh2020.definition --out results
    """

    identities = (
        Identity("The layer is the paper's formula.",
                 (Bound("formula", "|y − formula|", 1e-10),
                  Bound("learned", "|y − formula| with a learned ε", 1e-10)), target="frn20-def"),
        Identity("On 1×1 maps it tends to a sign.",
                 (Bound("sign", "|y − γ sign(x) − β| on 1×1 maps", 1e-6),), target="frn20-def"),
        Identity("The threshold is max(y, τ).",
                 (Bound("threshold", "|z − max(y, τ)|", 1e-12),), target="frn20-def"),
    )  # fmt: skip
