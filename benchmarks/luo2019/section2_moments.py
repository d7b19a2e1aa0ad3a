"""Luo et al. 2019, Section 2: three normalizers from one set of moments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.identities import Bound, IdentitiesExperiment, Identity, largest

SHAPE, EPSILON, ONLY = (4, 5, 6, 3), 1e-3, 60.0  # a weight so far above the others is all
SPACE = (1, 2)


def statistics(x: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Instance, layer and batch moments, the last two from the first."""
    mean, variance = x.mean(SPACE, keepdims=True), x.var(SPACE, keepdims=True)
    found, power = [(mean, variance)], variance + mean**2
    for over in (3, 0):
        pooled = mean.mean(over, keepdims=True)
        found.append((pooled, power.mean(over, keepdims=True) - pooled**2))
    return found


def formula(x: np.ndarray, weights: dict[str, np.ndarray]) -> np.ndarray:
    """gamma (x - sum of w_k mean_k) / sqrt(sum of w'_k variance_k + epsilon) + beta."""
    shares = [np.exp(weights[name]) for name in ("mean_weights", "variance_weights")]
    means, variances = zip(*statistics(x), strict=True)
    mean = sum(w * m for w, m in zip(shares[0] / shares[0].sum(), means, strict=True))
    variance = sum(w * v for w, v in zip(shares[1] / shares[1].sum(), variances, strict=True))
    return weights["gamma"] * (x - mean) / np.sqrt(variance + EPSILON) + weights["beta"]


def errors(seed: int) -> dict[str, float]:
    from benchmarks.float64_layers import passed

    draw = np.random.default_rng(seed)
    x, dy = draw.normal(0.5, 2, SHAPE), draw.normal(size=SHAPE)
    direct = [(x.mean(over, keepdims=True), x.var(over, keepdims=True))
              for over in (SPACE, (1, 2, 3), (0, 1, 2))]  # fmt: skip
    affine = {"gamma": draw.normal(1, 0.3, 3), "beta": draw.normal(size=3)}
    kind, about = "SwitchableNormalization", {"epsilon": EPSILON}
    mixed = passed(kind, x, dy, seed=seed, **about)
    whole = {name: np.broadcast_to(value, SHAPE[1:]) for name, value in affine.items()}
    others = (
        passed("InstanceNormalization", x, dy, weights=affine, **about),
        passed("LayerNormalization", x, dy, axis=[1, 2, 3], weights=whole, **about),
        passed("BatchNormalization", x, dy, weights=affine, **about),
    )
    limits = []
    for k, other in enumerate(others):
        only = np.eye(3)[k] * ONLY
        given = {**affine, "mean_weights": only, "variance_weights": only}
        one = passed(kind, x, dy, weights=given, **about)
        limits.append(largest(one.y - other.y, one.dx - other.dx))
    pairs = zip(statistics(x), direct, strict=True)
    return {
        "moments": max(largest(a[0] - b[0], a[1] - b[1]) for a, b in pairs),
        "formula": largest(mixed.y - formula(x, mixed.weights)),
        "limits": max(limits),
    }


@dataclass(frozen=True, kw_only=True)
class Moments(IdentitiesExperiment):
    """Luo et al. 2019, Section 2: three normalizers from one set of moments.

    Paper      "Differentiable Learning-to-Normalize via Switchable Normalization", arXiv
               1806.10779, Section 2: layer and batch moments follow from the instances', so that a
               mean of all three, weighted by a softmax, costs hardly more than one.
    Claims     Pooled moments are those over all values; the layer is the paper's formula; with all
               weight on one kind it is that normalizer. All to 1e-10.
    Ours       SwitchableNormalization in training, float64, nine inputs of (4, 5, 6, 3).
    Cost       20 CPU seconds.
    Command    python -m benchmarks run luo2019.moments --out results
    """

    identities = (
        Identity("Layer and batch moments follow from the instances'.",
                 (Bound("moments", "|pooled moment − over all values|", 1e-10),),
                 target="sn19-stats"),
        Identity("The layer weights the three by softmaxes.",
                 (Bound("formula", "|y − formula|", 1e-10),), target="sn19-stats"),
        Identity("With all weight on one it is that normalizer.",
                 (Bound("limits", "|y, dx − those of the one|", 1e-10),), target="sn19-stats"),
    )  # fmt: skip
