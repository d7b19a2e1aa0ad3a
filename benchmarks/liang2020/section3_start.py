"""Liang et al. 2020, Section 3: instance enhancement, and what it is at the start."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.identities import Bound, IdentitiesExperiment, Identity, apart, largest

SHAPE, EPSILON, GATE = (8, 4, 5, 3), 1e-5, 0.26894142
KIND = "InstanceEnhancementBatchNormalization"


def formula(x: np.ndarray, weights: dict[str, np.ndarray]) -> np.ndarray:
    """xhat gamma sigmoid(gamma_hat m + beta_hat) + beta, m the mean of an instance's channel."""
    normalized = (x - x.mean((0, 1, 2))) / np.sqrt(x.var((0, 1, 2)) + EPSILON)
    signal = weights["gate_gamma"] * x.mean((1, 2), keepdims=True) + weights["gate_beta"]
    return normalized * weights["gamma"] / (1 + np.exp(-signal)) + weights["beta"]


def errors(seed: int) -> dict[str, float]:
    from benchmarks.float64_layers import passed

    draw = np.random.default_rng(seed)
    x = draw.normal(0.5, 2, SHAPE)
    start = passed(KIND, x, weights={}, epsilon=EPSILON)
    batch = passed("BatchNormalization", x, weights={}, epsilon=EPSILON)
    later = passed(KIND, x, seed=seed, epsilon=EPSILON)
    return {
        "start": apart(start.y, GATE * batch.y),
        "formula": largest(later.y - formula(x, later.weights)),
        "more": abs(sum(w.size for w in start.weights.values()) - 4 * SHAPE[-1]),
    }


@dataclass(frozen=True, kw_only=True)
class Start(IdentitiesExperiment):
    """Liang et al. 2020, Section 3: instance enhancement, and what it is at the start.

    Paper      "Instance Enhancement Batch Normalization", arXiv 1908.04008: gamma is multiplied by
               sigmoid(gamma_hat m + beta_hat), m the mean of an instance's channel; gamma_hat
               starts at 0, beta_hat at -1; two parameters more a channel.
    Claims     At the start the output is sigmoid(-1) = 0.26894142 times that of batch
               normalization, to 1e-6; with random weights it is the formula.
    Ours       InstanceEnhancementBatchNormalization in training, float64, nine inputs.
    Cost       10 CPU seconds.
    Command    python -m benchmarks run liang2020.start --out results
    """

    identities = (
        Identity("At the start it is batch normalization times sigmoid(−1).",
                 (Bound("start", "|y − 0.26894142 · batch normalization|, relative", 1e-6),),
                 paper="0.26894", target="iebn20-init"),
        Identity("With random weights it is the formula.",
                 (Bound("formula", "|y − formula|", 1e-10),), target="iebn20-init"),
        Identity("It has two parameters a channel more than batch normalization.",
                 (Bound("more", "|trained values − 4 a channel|", 0.0),), paper="2 a channel",
                 target="iebn20-init"),
    )  # fmt: skip
