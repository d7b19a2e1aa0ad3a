"""Labatie et al. 2021: the power of activations in four parts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.identities import Bound, IdentitiesExperiment, Identity
from benchmarks.labatie2021.powers import ARMS, powers

SHAPE, TINY, KINDS = (8, 4, 4, 8), 1e-12, ("BN", "IN", "LN", "GN")


def errors(seed: int) -> dict[str, float]:
    from benchmarks.float64_layers import passed

    draw = np.random.default_rng(seed)
    # Channels and examples differ, so that no part is zero by chance.
    x = draw.normal(draw.normal(size=8), 1.0, SHAPE) + draw.normal(size=(8, 1, 1, 8))
    parts, sums = {}, []
    for kind in KINDS:
        name, options, _ = ARMS[kind]
        y = passed(name, x, weights={}, epsilon=TINY, **options).y
        if kind == "GN":  # one channel a group would be instance normalization
            y = passed(name, x, weights={}, epsilon=TINY, groups=2).y
        parts[kind] = powers(y)
        sums.append(abs(sum(parts[kind]) - np.mean(y**2)))
    bn, instance, layer, group = parts.values()
    return {
        "sum": float(max(sums)),
        "bn": bn[0],
        "in": max(instance[:2]),
        "in spread": instance[3],
        "ln": min(layer[0], group[0]),
    }


@dataclass(frozen=True, kw_only=True)
class PowerTerms(IdentitiesExperiment):
    """Labatie et al. 2021: the power of activations in four parts.

    Paper      "Proxy-Normalizing Activations to Match Batch Normalization while Removing Batch
               Dependence", arXiv 2106.03743: the mean square of a layer's output is the sum of what
               is constant in a channel (P1), of the variance of instances' means (P2), of the
               square of their mean deviation (P3) and of its variance (P4).
    Claims     The four add up to the mean square, to 1e-10, whatever normalizes; P1 = 0 with batch
               normalization, to 1e-10; P1 = P2 = 0 to 1e-10 and P4 = 0 to 1e-6 with instance
               normalization; with layer and group normalization P1 is not zero.
    Ours       Four layers of this package without gamma and beta, epsilon 1e-12, float64, nine
               inputs.
    Cost       10 CPU seconds.
    Command    python -m benchmarks run labatie2021.power_terms --out results
    """

    identities = (
        Identity("The four parts add up to the mean square.",
                 (Bound("sum", "|P1 + P2 + P3 + P4 − mean square|", 1e-10),), target="pn21-power"),
        Identity("With batch normalization P1 is zero.", (Bound("bn", "P1 (BN)", 1e-10),),
                 paper="0", target="pn21-power"),
        Identity("With instance normalization P1, P2 and P4 are.",
                 (Bound("in", "P1, P2 (IN)", 1e-10), Bound("in spread", "P4 (IN)", 1e-6)),
                 paper="0", target="pn21-power"),
        Identity("With layer and group normalization P1 is not.",
                 (Bound("ln", "P1 (LN, GN)", 1e-3, above=True),), paper="> 0",
                 target="pn21-power"),
    )  # fmt: skip
