"""Which learning rate to try next: the one whose verdict is expected to tell most about the edges.

The expected information of a run at x about an edge t is their mutual information,

    I(y; t) = sum_t sum_y p(y, t) log(p(y, t) / (p(y) p(t)))

with y the verdict, and all that is unknown besides t summed over; that of the edges is added. Runs
that are under way count by their likely verdicts: the gain is averaged over draws of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from keras_norms.lab.edges.forecast import VERDICTS, with_blow_up, with_lower, with_upper
from keras_norms.lab.edges.threshold import SEARCHED, Thresholds

DRAWS = 8  # of the verdicts of runs under way
NEARLY = 0.97  # a gain of this share of the best one is as good; one of them is drawn


def next_rate(
    known: Thresholds,
    draw: np.random.Generator,
    pending: Sequence[float] = (),
    edges: Sequence[str] = SEARCHED,
) -> float:
    """The learning rate to try next.

    Args:
        known: the posterior so far.
        draw: where chance comes from.
        pending: learning rates of the runs under way.
        edges: those that are searched.
    """
    rates = known.range.rates
    imagined = [imagine(known, pending, draw) for _ in range(DRAWS)] if pending else [known]
    gains = np.mean([gain(one, rates, edges) for one in imagined], axis=0)
    best = draw.choice(np.flatnonzero(gains >= NEARLY * gains.max()))
    return float(f"{10 ** rates[best]:.4e}")


def imagine(known: Thresholds, pending: Sequence[float], draw: np.random.Generator) -> Thresholds:
    """The posterior after the runs under way, their verdicts drawn from what is known."""
    for rate in pending:
        chances = known.forecast(np.array([math.log10(rate)]))[:, 0].clip(0)
        verdict = VERDICTS[draw.choice(len(VERDICTS), p=chances / chances.sum())]
        known = known.given([(rate, verdict)])
    return known


def gain(known: Thresholds, x: np.ndarray, edges: Sequence[str] = SEARCHED) -> np.ndarray:
    """Expected information about the edges of a run at each of `x`, in nats."""
    now, gains = known.posterior, np.zeros(x.shape)
    if "blow_up" in edges:
        gains += _mutual(with_blow_up(now, known.blown, x))
    if "lower" in edges:
        gains += _mutual(with_lower(now, known.alive_window, x))
    if "alive" in edges or "useful" in edges:
        parts = known.blown, known.alive_window, known.useful_window
        alive, useful = with_upper(now, *parts, x)
        gains += _mutual(alive) if "alive" in edges else 0
        gains += _mutual(useful) if "useful" in edges else 0
    return gains


def _mutual(joint: np.ndarray) -> np.ndarray:
    """Mutual information of verdict and edge, from their joint probabilities."""
    independent = joint.sum(0) * joint.sum(1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nansum(joint * np.log(joint / independent), axis=(0, 1))
