"""Ioffe 2017, Algorithm 1: what batch renormalization is with and without its clipping."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.identities import Bound, IdentitiesExperiment, Identity, largest

M, CHANNELS, EPSILON = 16, 5, 1e-3
KIND, BN = "BatchRenormalization", "BatchNormalization"
AT_ONCE = {"warmup_steps": 0, "r_max_steps": 0, "d_max_steps": 0}  # no warm-up of the bounds
FREE = {"r_max": 1e9, "d_max": 1e9}
TIGHT = {"r_max": 1.25, "d_max": 0.125}  # exact in float32, in which the layer has its bounds


def corrections(x, mean, variance, r_max: float, d_max: float) -> tuple[np.ndarray, np.ndarray]:
    """r = clip(sigma_B / sigma, 1 / r_max, r_max), d = clip((mu_B - mu) / sigma, -d_max, d_max)."""
    deviation = np.sqrt(variance + EPSILON)
    r = np.clip(np.sqrt(x.var(0) + EPSILON) / deviation, 1 / r_max, r_max)
    return r, np.clip((x.mean(0) - mean) / deviation, -d_max, d_max)


def errors(seed: int) -> dict[str, float]:
    from benchmarks.float64_layers import inferred, passed
    from benchmarks.speed.float64 import reference

    draw = np.random.default_rng(seed)
    x, dy = draw.normal(0.5, 2, (M, CHANNELS)), draw.normal(size=(M, CHANNELS))
    moving = {"moving_mean": draw.normal(size=CHANNELS),
              "moving_variance": draw.uniform(0.5, 3, CHANNELS)}  # fmt: skip
    gamma, beta = draw.normal(1, 0.3, CHANNELS), draw.normal(size=CHANNELS)
    given = {"gamma": gamma, "beta": beta, **moving}
    known = {"weights": given, "epsilon": EPSILON}
    free = passed(KIND, x, dy, **known, **AT_ONCE, **FREE)
    one = passed(KIND, x, dy, **known, **AT_ONCE, r_max=1.0, d_max=0.0)
    batch = passed(BN, x, dy, **known)
    tight = passed(KIND, x, dy, **known, **AT_ONCE, **TIGHT)
    r, d = corrections(x, *moving.values(), **TIGHT)
    normalized, slope = reference(x, dy * gamma * r, (0,), True, EPSILON)
    return {
        "inference": largest(free.y - inferred(KIND, x, **known)),
        "batch": largest(one.y - batch.y, one.dx - batch.dx),
        "clipped": largest(tight.y - gamma * (normalized * r + d) - beta),
        "constants": largest(tight.dx - slope),
        "clipping": float(np.mean(np.isin(r, [1.25, 0.8]))),
    }


@dataclass(frozen=True, kw_only=True)
class Renormalization(IdentitiesExperiment):
    """Ioffe 2017, Algorithm 1: what batch renormalization is with and without its clipping.

    Paper      "Batch Renormalization", arXiv 1702.03275: r and d correct what a batch's statistics
               make of its activations; unclipped, the output in training is that of inference;
               with r = 1 and d = 0 it is batch normalization; no gradient flows through them.
    Claims     All three, to 1e-10, and the formula where r and d are clipped at 1.25 and 0.125.
    Ours       BatchRenormalization with random moving averages, float64, nine inputs of 16
               examples. The layer averages the variance, the paper the deviation.
    Cost       10 CPU seconds.
    Command    python -m benchmarks run ioffe2017.identity --out results
    """

    identities = (
        Identity("Without clipping, training is inference.",
                 (Bound("inference", "|y in training − at inference|", 1e-10),),
                 target="brn17-identity"),
        Identity("With r_max = 1 and d_max = 0 it is batch normalization.",
                 (Bound("batch", "|y, dx − those of batch normalization|", 1e-10),),
                 target="brn17-identity"),
        Identity("Clipped, it is Algorithm 1.",
                 (Bound("clipped", "|y − Algorithm 1|", 1e-10),
                  Bound("clipping", "share of r at a bound", 0.1, above=True)),
                 target="brn17-identity"),
        Identity("No gradient flows through r and d.",
                 (Bound("constants", "|dx − that with r and d constant|", 1e-10),),
                 target="brn17-identity"),
    )  # fmt: skip
