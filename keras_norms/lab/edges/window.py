"""What runs say about a window of learning rates alone: the likelihood of its two edges.

With lower edge l, upper edge u, noise scale s and lapse rate e (`verdict_noise.py`), a run that did
not blow up passes with probability

    P(passed | x) = e / 2 + (1 - e) above(x, l) (1 - above(x, u))

or e / 2 where there is no window. A run that does not pass may be too slow (below l) or broken
(above u): both are kept, each with its probability, and the runs that pass decide.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keras_norms.lab.edges.verdict_noise import LAPSE_PRIOR, LAPSES, SCALES, Range


@dataclass(frozen=True)
class Window:
    """The likelihood of both edges, with the prior of the lapse rate.

    Attributes:
        weights: shape (scales, lapses, lower edges, upper edges), up to a factor.
        none: that of no window, shape (lapses,), up to the same factor.
    """

    range: Range
    weights: np.ndarray
    none: np.ndarray

    @classmethod
    def unknown(cls, range: Range) -> Window:
        """Before any run."""
        count = len(range.thresholds)
        weights = np.ones((len(SCALES), 1, count, count)) * LAPSE_PRIOR[:, None, None]
        return cls(range, weights, LAPSE_PRIOR)

    def given(self, x: float, passed: bool) -> Window:
        """After one more run that did not blow up, at log10 learning rate `x`."""
        above, lapses = self.range.above(x)[:, None], LAPSES[:, None, None]
        # In place, for this is most of what a run costs here.
        weights = above[..., None] * (1 - above[..., None, :]) * (1 - lapses)
        weights += lapses / 2
        if not passed:
            np.subtract(1, weights, out=weights)
        weights *= self.weights
        none = self.none * (LAPSES / 2 if passed else 1 - LAPSES / 2)
        most = max(weights.max(), none.max())
        weights /= most
        return Window(self.range, weights, none / most)

    @property
    def likelihood(self) -> np.ndarray:
        """Of each scale and pair of edges, the lapse rate summed over."""
        return self.weights.sum(1)

    def joint(self, x: np.ndarray, prior: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """P(scale, edge and passed | x), of the lower and of the upper edge.

        Args:
            x: log10 learning rates.
            prior: of scale and both edges, shape (scales, lower edges, upper edges).

        Returns:
            Two arrays of shape (scales, thresholds, *x.shape).
        """
        above = self.range.above(x)
        lapse, rest = (
            np.einsum("selu,e->slu", self.weights, share) * prior
            for share in (LAPSES / 2, 1 - LAPSES)
        )
        by_lower = above * (rest @ (1 - above))
        by_upper = (rest.swapaxes(1, 2) @ above) * (1 - above)
        return lapse.sum(2)[..., None] + by_lower, lapse.sum(1)[..., None] + by_upper

    @property
    def chance_of_none(self) -> float:
        """P(passed) where there is no window: by lapses alone."""
        return float(self.none @ LAPSES / 2 / self.none.sum())
