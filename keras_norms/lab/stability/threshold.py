"""Both edges of stability from the verdicts of single runs: a posterior over log10 learning rate.

    blow-up  above it runs blow up                              (`blow_up.py`)
    trains   above it runs no longer train within their steps   (`window.py`)

What is assumed:
- Runs are independent given the edges, the noise and the lapse rate (`noise.py`). Where every run
  has a seed of its own, the noise contains the spread of the seeds. Where seeds are replicates,
  each has a posterior of its own, which may warm the next one's.
- An edge turns runs from good to bad once. Where blow-up does not, `no_threshold` says so: of a
  seed by its own runs, which must lie densely; of a cell by all its seeds (`no_threshold.py`).
- Every threshold of the range is as likely as any other before the first run. A prior from a
  neighbour is blurred and keeps a tenth of this uniform one, so that it may be wrong.
- All runs have the same number of steps: the trains edge belongs to them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from keras_norms.lab.errors import BadInput
from keras_norms.lab.stability.blow_up import BlowUp
from keras_norms.lab.stability.estimate import Estimate
from keras_norms.lab.stability.noise import PER_DECADE, Range
from keras_norms.lab.stability.verdict import Verdict
from keras_norms.lab.stability.window import Window

FLOOR = 0.1
WIDTH = 0.3  # decades that a settled edge's interval may have
VERDICTS = tuple(Verdict)


@dataclass(frozen=True)
class Thresholds:
    """What a number of runs say about both edges; each `given` is a new one.

    Attributes:
        blown: posterior over the blow-up edge.
        window: posterior over the window of learning rates that train.
        runs: how many runs it has seen.
    """

    blown: BlowUp
    window: Window
    runs: int = 0

    @classmethod
    def prior(cls, low: float, high: float) -> Thresholds:
        """Before any run, between two learning rates.

        Raises:
            BadInput: the range is empty or not positive.
        """
        if not 0 < low < high < math.inf:
            raise BadInput(
                f"low={low}, high={high} is no range of learning rates; "
                "write two positive numbers, the smaller one first"
            )
        range = Range(math.log10(low), math.log10(high))
        return cls(BlowUp.prior(range), Window.prior(range))

    def given(self, runs: Iterable[tuple[float, Verdict]]) -> Thresholds:
        """After more runs, each a learning rate and its verdict."""
        known = self
        for rate, verdict in runs:
            known = known._after(math.log10(rate), Verdict(verdict))
        return known

    def _after(self, x: float, verdict: Verdict) -> Thresholds:
        return Thresholds(
            self.blown.given(x, verdict is Verdict.BLEW_UP),
            self.window.given(x, verdict),
            self.runs + 1,
        )

    def warming(self, spread: float, floor: float = FLOOR) -> Thresholds:
        """The prior of a neighbour whose edges differ by about `spread` decades from these."""

        def blur(weights: np.ndarray) -> np.ndarray:
            return gaussian_filter(weights, spread * PER_DECADE, mode="nearest")

        return Thresholds(self.blown.widened(blur, floor), self.window.widened(blur, floor))

    @property
    def range(self) -> Range:
        return self.blown.range

    @property
    def blow_up(self) -> Estimate:
        return self.blown.edge

    @property
    def trains(self) -> Estimate:
        return self.window.trains

    @property
    def no_threshold(self) -> float:
        """Probability that blow-up is no threshold: dead but finite runs lie between blown-up
        ones, in a band half a decade wide or wider above the blow-up edge."""
        return self.blown.no_threshold

    def settled(self, width: float = WIDTH) -> bool:
        """Whether both edges are known: 90 % intervals no wider than `width` decades."""
        return self.blow_up.settled(width) and self.trains.settled(width)

    def forecast(self, x: np.ndarray) -> np.ndarray:
        """Probability of each verdict, in their order, of runs at `x`; shape (3, *x.shape)."""
        blew_up = self.blown.joint(x).sum(0)
        trained = np.minimum(self.window.joint(x)[0].sum(0), 1 - blew_up)
        return np.stack([blew_up, trained, 1 - blew_up - trained])
