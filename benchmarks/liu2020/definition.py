"""Liu et al. 2020: the EvoNorms by their formulas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.identities import Bound, IdentitiesExperiment, Identity, largest

SHAPES, EPSILON, GROUPS = ((4, 5, 6, 8), (6, 1, 1, 8)), 1e-5, 4
KINDS = ("B0", "B1", "B2", "S0", "S1")


def root(values: np.ndarray, over: tuple[int, ...], about=0.0) -> np.ndarray:
    return np.sqrt(((values - about) ** 2).mean(over, keepdims=True) + EPSILON)


def formula(kind: str, x: np.ndarray, gamma, beta, v=1.0) -> np.ndarray:
    """B: x over the larger of the batch's deviation and the instance's term. S: gated, grouped."""
    if kind[0] == "B":
        batch = root(x, (0, 1, 2), x.mean((0, 1, 2)))
        power = root(x, (1, 2))
        instance = root(x, (1, 2), x.mean((1, 2), keepdims=True))
        term = {"B0": v * x + instance, "B1": (x + 1) * power, "B2": power - x}[kind]
        return gamma * x / np.maximum(batch, term) + beta
    cut = x.reshape(*x.shape[:-1], GROUPS, -1)
    deviation = root(cut, (1, 2, 4), cut.mean((1, 2, 4), keepdims=True))
    wide = np.broadcast_to(deviation, cut.shape).reshape(x.shape)
    return gamma * x / (1 + np.exp(-v * x)) / wide + beta


def errors(seed: int) -> dict[str, float]:
    from benchmarks.float64_layers import passed

    found = {}
    for kind in KINDS:
        draw = np.random.default_rng(seed)
        groups = {"groups": GROUPS} if kind[0] == "S" else {}
        worst = []
        for shape in SHAPES:
            x = draw.normal(0.5, 2, shape)
            one = passed(f"EvoNorm{kind}", x, seed=seed, epsilon=EPSILON, **groups)
            worst.append(largest(one.y - formula(kind, x, **one.weights)))
        found[kind] = max(worst)
    return found


@dataclass(frozen=True, kw_only=True)
class Definition(IdentitiesExperiment):
    """Liu et al. 2020: the EvoNorms by their formulas.

    Paper      "Evolving Normalization-Activation Layers", arXiv 2004.02967: B0, B1 and B2 divide by
               the larger of the batch's deviation and a term of the instance; S0 and S1 divide a
               gated input by the deviation of a group of channels.
    Claims     Each layer is its formula, to 1e-10, on maps and on single values (1x1).
    Ours       The five layers in training, float64, nine inputs, random weights.
    Cost       20 CPU seconds.
    Command    python -m benchmarks run liu2020.definition --out results
    """

    identities = tuple(
        Identity(f"EvoNorm-{kind} is the paper's formula.",
                 (Bound(kind, f"|y − formula| of {kind}", 1e-10),), target="evonorm20-def")
        for kind in KINDS
    )  # fmt: skip
