"""The learning rate above which runs blow up, from runs that did and runs that did not.

One-sided: with onset t, noise scale s, lapse rate e, and a band of width w with ceiling c,

    P(blew up | x) = e / 2 + (1 - e) (c above(x, t) + (1 - c) above(x, t + w))

Of width zero there is no band, and blow-up is a threshold. Otherwise it is none: within the band
some runs die at a finite loss, as deep networks without a normalizer do, and the verdict there is a
matter of luck. Above its end all blow up; a band of the largest width has no end in the range. The
posterior says which of the three a seed is. Its edge is the onset t in all of them.

The narrowest band is half a decade: finite runs within less than that of a blow-up are what noise
does at a threshold, as in `XX.XXX`. The recorded bands are up to two decades wide.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from keras_norms.lab.stability.estimate import Estimate
from keras_norms.lab.stability.noise import LAPSE_PRIOR, LAPSES, PER_DECADE, SCALE_PRIOR, Range

CEILINGS = np.array([0.1, 0.3, 0.6])
WIDTHS = np.array([0.0, 0.5, 0.7, 1.0, 1.4, 2.0, 100.0])  # decades
BAND = 0.075  # that a seed has one, as about one in fourteen recorded seeds seems to
WIDTH_PRIOR = np.array([1 - BAND, *[BAND / 6] * 6])
NONE, EVERY = 0.02, 0.08  # that all of a range blows up, and that nothing in it does
NOISE_PRIOR = np.einsum("s,e,c,w->secw", SCALE_PRIOR, LAPSE_PRIOR, np.full(3, 1 / 3), WIDTH_PRIOR)


@dataclass(frozen=True)
class BlowUp:
    """A posterior over the blow-up edge.

    Attributes:
        weights: probabilities, shape (scales, lapses, ceilings, widths, thresholds).
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
        above = self.range.above(x)
        ceilings, lapses = CEILINGS[:, None, None], LAPSES[:, None, None, None]
        band = ceilings * above[:, None, None] + (1 - ceilings) * above[:, None, self._ends]
        p = lapses / 2 + (1 - lapses) * band[:, None]
        weights = self.weights * (p if blew_up else 1 - p)
        return BlowUp(self.range, weights / weights.sum())

    @property
    def edge(self) -> Estimate:
        return Estimate(self.range, self.weights.sum((0, 1, 2, 3)))

    @property
    def no_threshold(self) -> float:
        """Probability that blow-up has an onset in the range but is no threshold."""
        return float(self.weights[..., 1:, 1:-1].sum())

    @property
    def bayes_factor(self) -> float:
        """How much better a band explains the runs than a threshold; 1 where nothing tells."""
        threshold, *bands = self.weights.sum((0, 1, 2, 4))
        return float(sum(bands) / threshold * (1 - BAND) / BAND)

    def joint(self, x: np.ndarray) -> np.ndarray:
        """P(t and blew up | x), shape (thresholds, *x.shape)."""
        lapse = np.einsum("secwt,e->t", self.weights, LAPSES / 2)
        rest = np.einsum("secwt,e->scwt", self.weights, 1 - LAPSES)
        onset = np.einsum("scwt,c->st", rest, CEILINGS)
        end = np.einsum("scwt,c->wst", rest, 1 - CEILINGS)
        above = self.range.above(x)
        found = lapse[:, None] + np.einsum("st,stx->tx", onset + end[0], above)
        for part, ends in zip(end[1:], self._ends[1:], strict=True):
            found += np.einsum("st,stx->tx", part, above[:, ends])
        return found

    @property
    def _ends(self) -> np.ndarray:
        """Which of the thresholds is `w` above each of them, shape (widths, thresholds)."""
        count = len(self.range.thresholds)
        steps = np.rint(WIDTHS * PER_DECADE).astype(int)[:, None]
        ends = np.minimum(np.arange(count) + steps, count - 1)
        ends[:, 0] = 0  # where all of the range blows up, there is no band in it
        return ends

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
