"""The learning rates that train within a step budget: a window with two edges.

With a lower edge l, an upper edge u, one noise scale s and lapse rate e,

    inside(x)             = above(x, l) (1 - above(x, u))
    P(trained | x)        = e / 2 + (1 - e) inside(x)
    P(did not train | x)  = 1 - P(trained | x)               for a run that stayed at chance level
    P(failed above | x)   = e / 2 + (1 - e) above(x, u)      for a run that blew up

A run at chance level says nothing alone: it may be too slow (below l) or broken (above u). Both
are kept, each with its probability, and the runs that trained decide. A run that blew up is above
u. How a run fails above u is taken to say nothing about where u is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from keras_norms.lab.stability.estimate import Estimate
from keras_norms.lab.stability.noise import LAPSE_PRIOR, LAPSES, SCALE_PRIOR, Range
from keras_norms.lab.stability.verdict import Verdict

NONE, SLOW_BELOW, EVERY, ALL = 0.05, 0.05, 0.05, 0.02
NOISE_PRIOR = np.einsum("s,e->se", SCALE_PRIOR, LAPSE_PRIOR)


@dataclass(frozen=True)
class Window:
    """A posterior over both edges of the window.

    Attributes:
        weights: probabilities, shape (scales, lapses, lower edges, upper edges). The window is
            empty, "none", at [..., -1, 0]; elsewhere the lower edge is below the upper one.
    """

    range: Range
    weights: np.ndarray

    @classmethod
    def prior(cls, range: Range, edges: np.ndarray | None = None) -> Window:
        """Before any run: `edges` over lower and upper edge, uniform by default."""
        edges = uniform(range) if edges is None else edges
        return cls(range, NOISE_PRIOR[..., None, None] * edges)

    def given(self, x: float, verdict: Verdict) -> Window:
        """After one more run, at log10 learning rate `x`."""
        above = self.range.above(x)[:, None]
        if verdict is Verdict.BLEW_UP:
            seen = above[..., None, :]
        else:
            seen = above[..., None] * (1 - above[..., None, :])
        lapses = LAPSES[:, None, None]
        p = lapses / 2 + (1 - lapses) * seen
        weights = self.weights * (1 - p if verdict is Verdict.UNTRAINED else p)
        return Window(self.range, weights / weights.sum())

    @property
    def trains(self) -> Estimate:
        """The upper edge."""
        return Estimate(self.range, self.weights.sum((0, 1, 2)))

    @property
    def too_slow(self) -> Estimate:
        """The lower edge: below it a run does not train within its steps; last, none trains."""
        return Estimate(self.range, self.weights.sum((0, 1, 3)))

    def joint(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """P(u and trained | x) and P(u and above it | x), both of shape (thresholds, *x.shape)."""
        above = self.range.above(x)
        lapse = np.einsum("selu,e->u", self.weights, LAPSES / 2)[:, None]
        rest = np.einsum("selu,e->sul", self.weights, 1 - LAPSES)
        trained = lapse + ((rest @ above) * (1 - above)).sum(0)
        failed = lapse + (rest.sum(-1)[..., None] * above).sum(0)
        return trained, failed

    def widened(self, by: Callable[[np.ndarray], np.ndarray], floor: float) -> Window:
        """A prior for a neighbour: both edges blurred, and a share `floor` that knows nothing."""
        edges = self.weights.sum((0, 1))
        inside = slice(1, -1)
        edges[inside, inside] = by(edges[inside, inside])
        edges[0, inside] = by(edges[0, inside])
        edges[inside, -1] = by(edges[inside, -1])
        edges *= uniform(self.range) > 0
        return Window.prior(
            self.range, (1 - floor) * edges / edges.sum() + floor * uniform(self.range)
        )


def uniform(range: Range) -> np.ndarray:
    """Uniform over the windows inside, with masses for those that an end of the range cuts."""
    count = len(range.thresholds)
    edges = np.zeros((count, count))
    inside = slice(1, -1)
    edges[inside, inside] = np.triu(np.ones((count - 2, count - 2)), 1)
    edges *= (1 - NONE - SLOW_BELOW - EVERY - ALL) / max(edges.sum(), 1)
    edges[0, inside] = SLOW_BELOW / max(count - 2, 1)
    edges[inside, -1] = EVERY / max(count - 2, 1)
    edges[0, -1], edges[-1, 0] = ALL, NONE
    return edges / edges.sum()
