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
from keras_norms.lab.edges.ordered import Ordered
from keras_norms.lab.edges.threshold import SEARCHED, Thresholds

DRAWS = 8  # of the verdicts of runs under way
NEARLY = 0.97  # a gain of this share of the best one is as good; one of them is drawn
COARSE = 3  # every third rate is looked at first


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
    imagined = [imagine(known, pending, draw) for _ in range(DRAWS)] if pending else [known]
    gains = promising(imagined, edges)
    best = draw.choice(np.flatnonzero(gains >= NEARLY * gains.max()))
    return float(f"{10 ** known.range.rates[best]:.4e}")


def imagine(known: Thresholds, pending: Sequence[float], draw: np.random.Generator) -> Thresholds:
    """The posterior after the runs under way, their verdicts drawn from what is known."""
    for rate in pending:
        chances = known.forecast(np.array([math.log10(rate)]))[:, 0].clip(0)
        verdict = VERDICTS[draw.choice(len(VERDICTS), p=chances / chances.sum())]
        known = known.given([(rate, verdict)])
    return known


def promising(imagined: Sequence[Thresholds], edges: Sequence[str] = SEARCHED) -> np.ndarray:
    """The mean gain at each rate of the range, -inf at those that are not worth a look.

    A gain changes little from one rate to the next: every third is looked at, and the neighbours
    of the two best.
    """
    rates = imagined[0].range.rates
    gains = np.full(len(rates), -np.inf)
    known = [(one, one.posterior) for one in imagined]
    first = np.arange(1 if len(rates) > 4 * COARSE else 0, len(rates), COARSE)
    gains[first] = np.mean([gain(*one, rates[first], edges) for one in known], axis=0)
    best = first[np.argsort(gains[first])[-2:]]
    around = (best[:, None] + np.arange(1 - COARSE, COARSE)).clip(0, len(rates) - 1)
    near = np.setdiff1d(around, first)
    gains[near] = np.mean([gain(*one, rates[near], edges) for one in known], axis=0)
    return gains


def gain(
    known: Thresholds, now: Ordered, x: np.ndarray, edges: Sequence[str] = SEARCHED
) -> np.ndarray:
    """Expected information about the edges of a run at each of `x`, in nats.

    Args:
        known: what the runs say.
        now: its posterior.
        x: log10 learning rates.
        edges: those that are searched.
    """
    gains = np.zeros(x.shape)
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
