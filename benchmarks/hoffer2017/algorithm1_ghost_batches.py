"""Hoffer, Hubara & Soudry 2017, Algorithm 1: ghost batch normalization."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.identities import Bound, IdentitiesExperiment, Identity, largest

BATCH, GHOST, CHANNELS, MOMENTUM = 64, 16, 5, 0.9


def averaged(values: list[np.ndarray], start: float) -> np.ndarray:
    """(1 - eta)^K times what was known, plus eta (1 - eta)^(K - 1 - k) of the k-th ghost batch."""
    eta, K = 1 - MOMENTUM, len(values)
    seen = [(1 - eta) ** (K - 1 - k) * eta * value for k, value in enumerate(values)]
    return (1 - eta) ** K * start + sum(seen)


def errors(seed: int) -> dict[str, float]:
    from benchmarks.float64_layers import passed, remembered

    draw = np.random.default_rng(seed)
    x, dy = draw.normal(0.5, 2, (BATCH, CHANNELS)), draw.normal(size=(BATCH, CHANNELS))
    given = {"gamma": draw.normal(1, 0.3, CHANNELS), "beta": draw.normal(size=CHANNELS)}
    kind = "GhostBatchNormalization"
    ghost = passed(kind, x, dy, weights=given, virtual_batch_size=GHOST)
    parts = [slice(start, start + GHOST) for start in range(0, BATCH, GHOST)]
    each = [passed("BatchNormalization", x[own], dy[own], weights=given) for own in parts]
    whole = passed(kind, x, dy, weights=given, virtual_batch_size=BATCH)
    batch = passed("BatchNormalization", x, dy, weights=given)
    kept = remembered(kind, x, weights={}, virtual_batch_size=GHOST, momentum=MOMENTUM)
    return {
        "chunks": largest(
            ghost.y - np.concatenate([one.y for one in each]),
            ghost.dx - np.concatenate([one.dx for one in each]),
            ghost.gradients["gamma"] - sum(one.gradients["gamma"] for one in each),
        ),
        "whole": largest(whole.y - batch.y, whole.dx - batch.dx),
        "averages": largest(
            kept["moving_mean"] - averaged([x[own].mean(0) for own in parts], 0.0),
            kept["moving_variance"] - averaged([x[own].var(0) for own in parts], 1.0),
        ),
    }


@dataclass(frozen=True, kw_only=True)
class GhostBatches(IdentitiesExperiment):
    """Hoffer, Hubara & Soudry 2017, Algorithm 1: ghost batch normalization.

    Paper      "Train longer, generalize better", arXiv 1705.08741, Algorithm 1: a large batch is
               cut into ghost batches, each normalized by its own statistics, which enter the moving
               averages one after the other.
    Claims     A batch of 64 in ghost batches of 16 is batch normalization of each (outputs, input
               and gamma gradients); in one ghost batch of 64 it is batch normalization; the moving
               averages are the algorithm's sum.
    Ours       GhostBatchNormalization beside BatchNormalization, float64, nine inputs.
    Cost       10 CPU seconds.
    Command    python -m benchmarks run hoffer2017.ghost_batches --out results
    """

    identities = (
        Identity("Each ghost batch is normalized by itself.",
                 (Bound("chunks", "|y, dx, dγ − those of each part|", 1e-12),),
                 target="gbn17-def"),
        Identity("One ghost batch of the whole size is batch normalization.",
                 (Bound("whole", "|y, dx − those of batch normalization|", 1e-12),),
                 target="gbn17-def"),
        Identity("The moving averages take the ghost batches one after the other.",
                 (Bound("averages", "|moving averages − the sum|", 1e-12),), target="gbn17-def"),
    )  # fmt: skip
