"""What runs say about the blow-up edge alone: its likelihood.

With edge t, noise scale s and lapse rate e (`verdict_noise.py`),

    P(blew up | x) = e / 2 + (1 - e) above(x, t)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keras_norms.lab.edges.verdict_noise import LAPSE_PRIOR, LAPSES, SCALES, Range


@dataclass(frozen=True)
class BlowUp:
    """The likelihood of the blow-up edge, with the prior of the lapse rate.

    Attributes:
        weights: shape (scales, lapses, thresholds), up to a factor.
    """

    range: Range
    weights: np.ndarray

    @classmethod
    def unknown(cls, range: Range) -> BlowUp:
        """Before any run."""
        return cls(range, np.ones((len(SCALES), 1, len(range.thresholds))) * LAPSE_PRIOR[:, None])

    def given(self, x: float, blew_up: bool) -> BlowUp:
        """After one more run, at log10 learning rate `x`."""
        lapses = LAPSES[:, None]
        p = lapses / 2 + (1 - lapses) * self.range.above(x)[:, None]
        weights = self.weights * (p if blew_up else 1 - p)
        return BlowUp(self.range, weights / weights.max())

    @property
    def likelihood(self) -> np.ndarray:
        """Of each scale and threshold, the lapse rate summed over."""
        return self.weights.sum(1)

    def chance(self, x: np.ndarray) -> np.ndarray:
        """P(blew up | scale, edge, x), shape (scales, thresholds, *x.shape)."""
        lapse, rest = (
            np.einsum("set,e->st", self.weights, share) for share in (LAPSES / 2, 1 - LAPSES)
        )
        joint = lapse[..., None] + rest[..., None] * self.range.above(x)
        return joint / self.likelihood[..., None]
