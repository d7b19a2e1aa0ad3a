"""Which learning rate to try next: the one whose verdict is expected to tell most about both edges.

The expected information of a run at x about an edge t is their mutual information,

    I(y; t) = sum_t sum_y p(y, t) log(p(y, t) / (p(y) p(t)))

with y the verdict, and all that is unknown besides t summed over; that of both edges is added. Runs
that are under way count by their likely verdicts: the gain is averaged over draws of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from keras_norms.lab.stability.threshold import VERDICTS, Thresholds

DRAWS = 8  # of the verdicts of runs under way
NEARLY = 0.97  # a gain of this share of the best one is as good; one of them is drawn


def next_rate(known: Thresholds, draw: np.random.Generator, pending: Sequence[float] = ()) -> float:
    """The learning rate to try next.

    Args:
        known: the posterior so far.
        draw: where chance comes from.
        pending: learning rates of the runs under way.
    """
    rates = known.range.rates
    imagined = [imagine(known, pending, draw) for _ in range(DRAWS)] if pending else [known]
    gains = np.mean([gain(one, rates) for one in imagined], axis=0)
    best = draw.choice(np.flatnonzero(gains >= NEARLY * gains.max()))
    return float(f"{10 ** rates[best]:.4e}")


def imagine(known: Thresholds, pending: Sequence[float], draw: np.random.Generator) -> Thresholds:
    """The posterior after the runs under way, their verdicts drawn from what is known."""
    for rate in pending:
        chances = known.forecast(np.array([math.log10(rate)]))[:, 0].clip(0)
        verdict = VERDICTS[draw.choice(len(VERDICTS), p=chances / chances.sum())]
        known = known.given([(rate, verdict)])
    return known


def gain(known: Thresholds, x: np.ndarray) -> np.ndarray:
    """Expected information about both edges of a run at each of `x`, in nats."""
    blew_up = known.blown.joint(x)
    edge = known.blow_up.weights[:, None]
    trained, failed = known.window.joint(x)
    upper = known.trains.weights[:, None]
    # Of the runs above the window this share blows up; the others stay at chance level.
    share = np.minimum(1, blew_up.sum(0) / failed.sum(0))
    failed = np.minimum(failed * share, upper - trained)
    return _mutual(blew_up, edge - blew_up) + _mutual(trained, failed, upper - trained - failed)


def _mutual(*joint: np.ndarray) -> np.ndarray:
    """Mutual information of a verdict and an edge, from P(verdict, edge) for each verdict."""
    edge = sum(joint)
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [p * np.log(p / (edge * p.sum(0))) for p in joint]
    return np.nansum(parts, axis=(0, 1))
