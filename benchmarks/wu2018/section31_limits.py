"""Wu & He 2018, Section 3.1: group normalization and its two ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.identities import Bound, IdentitiesExperiment, Identity, largest

SHAPE, GROUPS, EPSILON = (2, 4, 5, 8), 4, 1e-3


def formula(x: np.ndarray, gamma, beta, groups: int) -> np.ndarray:
    """Equations 1, 2 and 7: the pixels of one sample and of one group of channels share moments."""
    cut = x.reshape(*x.shape[:-1], groups, -1)
    mean = cut.mean((1, 2, 4), keepdims=True)
    variance = cut.var((1, 2, 4), keepdims=True)
    return gamma * ((cut - mean) / np.sqrt(variance + EPSILON)).reshape(x.shape) + beta


def errors(seed: int) -> dict[str, float]:
    from benchmarks.float64_layers import passed

    draw = np.random.default_rng(seed)
    x, dy = draw.normal(0.5, 2.0, SHAPE), draw.normal(size=SHAPE)
    given = {"gamma": draw.normal(1.0, 0.3, 8), "beta": draw.normal(size=8)}
    about = {"epsilon": EPSILON, "weights": given}
    one, middle, all_apart = (
        passed("GroupNormalization", x, dy, groups=g, **about) for g in (1, GROUPS, 8)
    )
    layer = passed("LayerNormalization", x, dy, axis=[1, 2, 3], **about)
    instance = passed("InstanceNormalization", x, dy, **about)
    return {
        "formula": largest(middle.y - formula(x, **given, groups=GROUPS)),
        "layer": largest(one.y - layer.y, one.dx - layer.dx, one.y - formula(x, **given, groups=1)),
        "instance": largest(all_apart.y - instance.y, all_apart.dx - instance.dx),
        "between": min(largest(middle.y - layer.y), largest(middle.y - instance.y)),
    }


@dataclass(frozen=True, kw_only=True)
class Limits(IdentitiesExperiment):
    """Wu & He 2018, Section 3.1: group normalization and its two ends.

    Paper      "Group Normalization", arXiv 1803.08494, Section 3.1: with one group it is layer
               normalization (over channels and space, its weights a channel), with as many groups
               as channels instance normalization.
    Claims     Outputs and input gradients agree to 1e-10; with four groups of two channels the
               layer is the paper's formula, and neither of its ends.
    Ours       Three layers of this package, float64, nine inputs of (2, 4, 5, 8).
    Cost       10 CPU seconds.
    Command    python -m benchmarks run wu2018.limits --out results
    """

    identities = (
        Identity("Group normalization is the paper's formula.",
                 (Bound("formula", "|y − formula|", 1e-10),), target="gn18-limits"),
        Identity("With one group it is layer normalization.",
                 (Bound("layer", "|y, dx − those of layer normalization|", 1e-10),),
                 target="gn18-limits"),
        Identity("With a channel a group it is instance normalization.",
                 (Bound("instance", "|y, dx − those of instance normalization|", 1e-10),),
                 target="gn18-limits"),
        Identity("In between it is neither.",
                 (Bound("between", "|y − that of either|", 1e-2, above=True),),
                 paper="differs", target="gn18-limits"),
    )  # fmt: skip
