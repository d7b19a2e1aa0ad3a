"""What a run would say: the joint probabilities of its verdict and of an edge.

Verdicts are ordered as in `VERDICTS`. Each edge is joined with what it mainly depends on: blow-up
with blown up or not, lower with trained or not, alive and useful with all verdicts, given what is
known of the edges above them; the noise is taken as independent at each edge.
"""

from __future__ import annotations

import numpy as np

from keras_norms.lab.edges.blow_up import BlowUp
from keras_norms.lab.edges.ordered import Ordered
from keras_norms.lab.edges.verdict import Verdict
from keras_norms.lab.edges.window import Window

# A run that is dead at the start is forecast as one that blows up.
VERDICTS = (Verdict.BLEW_UP, Verdict.UNTRAINED, Verdict.ALIVE, Verdict.USEFUL)


def with_blow_up(now: Ordered, part: BlowUp, x: np.ndarray) -> np.ndarray:
    """P(verdict, blow-up edge | x), shape (2, thresholds, *x.shape): blown up, not."""
    edge, chance = now.alive_blow_up.sum(1)[..., None], part.chance(x)
    return np.stack([(edge * chance).sum(0), (edge * (1 - chance)).sum(0)])


def with_lower(now: Ordered, part: Window, x: np.ndarray) -> np.ndarray:
    """P(verdict, lower edge | x), shape (2, thresholds, *x.shape): trained, not."""
    trained, edge = part.joint(x, now.alive_prior)[0].sum(0), now.alive.sum((0, 2))
    trained[-1] += now.no_alive.sum() * part.chance_of_none
    edge[-1] += now.no_alive.sum()
    return np.stack([trained, edge[:, None] - trained])


def with_upper(
    now: Ordered, blown: BlowUp, alive: Window, useful: Window, x: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """P(verdict, alive edge | x) and P(verdict, useful edge | x).

    Returns:
        Shapes (3, thresholds, *x.shape), whose last verdict is alive or useful, and
        (4, thresholds, *x.shape).
    """
    edge = now.alive_blow_up.sum(2)
    _, passed = alive.joint(x, now.alive_prior)
    passed[:, 0] += now.no_alive[:, None] * alive.chance_of_none
    blows = _given(now.alive_blow_up @ blown.chance(x), edge)
    trains = (1 - blows) * _given(passed, edge)
    of_alive = edge[..., None] * np.stack([blows, 1 - blows - trains, trains])
    edge = now.useful_alive.sum(2)
    _, passed = useful.joint(x, now.useful_prior)
    passed[:, 0] += now.no_useful[:, None] * useful.chance_of_none
    share = _given(passed, edge)
    blows, trains = now.useful_alive @ blows, now.useful_alive @ trains
    untrained = edge[..., None] - blows - trains
    of_useful = np.stack([blows, untrained, trains * (1 - share), trains * share])
    return of_alive.sum(1), of_useful.sum(1)


def _given(joint: np.ndarray, edge: np.ndarray) -> np.ndarray:
    """P(. | edge) from P(. and edge); 0 where the edge cannot be."""
    edge = np.broadcast_to(edge[..., None], joint.shape)
    return np.divide(joint, edge, out=np.zeros_like(joint), where=edge > 0).clip(0, 1)
