"""Zhou et al. 2020, Section 3: batch group normalization and the normalizers at its ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.identities import Bound, IdentitiesExperiment, Identity, largest

SHAPE, CUT, EPSILON = (4, 3, 4, 6), 9, 1e-3  # 9 groups of 8 values: of one channel or of two
KIND = "BatchGroupNormalization"


def formula(x: np.ndarray, gamma, beta, groups: int) -> np.ndarray:
    """Channels, height and width in one row, in groups; moments over the batch and the group."""
    first = np.moveaxis(x, -1, 1)
    row = first.reshape(len(x), groups, -1)
    mean, variance = row.mean((0, 2), keepdims=True), row.var((0, 2), keepdims=True)
    y = ((row - mean) / np.sqrt(variance + EPSILON)).reshape(first.shape)
    return gamma * np.moveaxis(y, 1, -1) + beta


def errors(seed: int) -> dict[str, float]:
    from benchmarks.float64_layers import passed

    draw = np.random.default_rng(seed)
    x, dy = draw.normal(0.5, 2, SHAPE), draw.normal(size=SHAPE)
    given = {"gamma": draw.normal(1, 0.3, 6), "beta": draw.normal(size=6)}
    about = {"weights": given, "epsilon": EPSILON}
    cut, one = (passed(KIND, x, dy, groups=g, **about) for g in (CUT, 1))
    whole = (x - x.mean()) / np.sqrt(x.var() + EPSILON) * given["gamma"] + given["beta"]
    channels = passed(KIND, x, dy, groups=6, **about)
    batch = passed("BatchNormalization", x, dy, **about)
    alone = passed(KIND, x[:1], dy[:1], groups=3, **about)
    group = passed("GroupNormalization", x[:1], dy[:1], groups=3, **about)
    return {
        "formula": largest(cut.y - formula(x, **given, groups=CUT)),
        "one": largest(one.y - whole),
        "batch": largest(channels.y - batch.y, channels.dx - batch.dx),
        "group": largest(alone.y - group.y, alone.dx - group.dx),
    }


@dataclass(frozen=True, kw_only=True)
class Limits(IdentitiesExperiment):
    """Zhou et al. 2020, Section 3: batch group normalization and the normalizers at its ends.

    Paper      "Batch Group Normalization", arXiv 2012.02782: channels, height and width are one
               axis, cut into G groups; moments are taken over the batch and a group, so that G sets
               how many values make a statistic.
    Claims     With one group the moments are those of the whole tensor; with a group a channel it
               is batch normalization; of a single example, groups of whole channels make it group
               normalization. All to 1e-10, and the formula where groups cut channels apart.
    Ours       BatchGroupNormalization, float64, nine inputs of (4, 3, 4, 6); channels are laid out
               first, as in the paper.
    Cost       10 CPU seconds.
    Command    python -m benchmarks run zhou2020.limits --out results
    """

    identities = (
        Identity("The layer is the paper's formula.", (Bound("formula", "|y − formula|", 1e-10),),
                 target="bgn20-limits"),
        Identity("With one group the moments are the whole tensor's.",
                 (Bound("one", "|y − (x − mean) / deviation of all|", 1e-10),),
                 target="bgn20-limits"),
        Identity("With a group a channel it is batch normalization.",
                 (Bound("batch", "|y, dx − those of batch normalization|", 1e-10),),
                 target="bgn20-limits"),
        Identity("Of one example it is group normalization.",
                 (Bound("group", "|y, dx − those of group normalization|", 1e-10),),
                 target="bgn20-limits"),
    )  # fmt: skip
