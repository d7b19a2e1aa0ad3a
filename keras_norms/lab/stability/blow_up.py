"""The learning rate above which runs blow up, from runs that did and runs that did not.

One-sided: with threshold t, noise scale s, lapse rate e and ceiling c,

    P(blew up | x) = e / 2 + (1 - e) c above(x, t)

The ceiling is 1 where blow-up is a threshold. Below 1 it is none: some runs above the onset t die
at a finite loss instead, as deep networks without a normalizer do, and the verdict there is a
matter of luck. Its posterior says which of the two a cell is; t is the onset in both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from keras_norms.lab.stability.estimate import Estimate
from keras_norms.lab.stability.noise import LAPSE_PRIOR, LAPSES, SCALE_PRIOR, Range

CEILINGS = np.array([1.0, 0.75, 0.5, 0.25])
CEILING_PRIOR = np.array([0.85, 0.05, 0.05, 0.05])
NONE, EVERY = 0.02, 0.08  # that all of a range blows up, and that nothing in it does
NOISE_PRIOR = np.einsum("s,e,c->sec", SCALE_PRIOR, LAPSE_PRIOR, CEILING_PRIOR)


@dataclass(frozen=True)
class BlowUp:
    """A posterior over the blow-up edge.

    Attributes:
        weights: probabilities, shape (scales, lapses, ceilings, thresholds).
    """

    range: Range
    weights: np.ndarray

    @classmethod
    def prior(cls, range: Range, edge: np.ndarray | None = None) -> BlowUp:
        """Before any run: `edge` over the thresholds, uniform by default."""
        edge = uniform(range) if edge is None else edge
        return cls(range, NOISE_PRIOR[..., None] * edge)

    def given(self, x: float, blew_up: bool) -> BlowUp:
        """After one more run, at log10 learning rate `x`."""
        above = self.range.above(x)[:, None, None]
        lapses, ceilings = LAPSES[:, None, None], CEILINGS[:, None]
        p = lapses / 2 + (1 - lapses) * ceilings * above
        weights = self.weights * (p if blew_up else 1 - p)
        return BlowUp(self.range, weights / weights.sum())

    @property
    def edge(self) -> Estimate:
        return Estimate(self.range, self.weights.sum((0, 1, 2)))

    @property
    def no_threshold(self) -> float:
        """Probability that blow-up has an onset but is no threshold."""
        return float(self.weights[:, :, 1:, :-1].sum())

    def joint(self, x: np.ndarray) -> np.ndarray:
        """P(t and blew up | x), shape (thresholds, *x.shape)."""
        lapse = np.einsum("sect,e->t", self.weights, LAPSES / 2)
        rest = np.einsum("sect,e,c->st", self.weights, 1 - LAPSES, CEILINGS)
        return lapse[:, None] + np.einsum("st,stx->tx", rest, self.range.above(x))

    def widened(self, by: Callable[[np.ndarray], np.ndarray], floor: float) -> BlowUp:
        """A prior for a neighbour: the edge blurred, and a share `floor` that knows nothing."""
        edge = self.edge.weights.copy()
        edge[1:-1] = by(edge[1:-1])
        mixed = (1 - floor) * edge / edge.sum() + floor * uniform(self.range)
        return BlowUp.prior(self.range, mixed)


def uniform(range: Range) -> np.ndarray:
    """Uniform over the thresholds inside, with a mass at either end."""
    inside = len(range.thresholds) - 2
    within = np.full(inside, (1 - NONE - EVERY) / max(inside, 1))
    edge = np.concatenate([[NONE], within, [EVERY]])
    return edge / edge.sum()
