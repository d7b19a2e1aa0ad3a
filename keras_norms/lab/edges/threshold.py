"""The edges of learning rates from the verdicts of single runs: one ordered posterior.

What is assumed:
- Runs are independent given the edges, the scale of the noise and the lapse rates
  (`verdict_noise.py`); the scale is the same at all edges. Where every run has a seed of its own,
  the noise contains the spread of the seeds. Where seeds are replicates, each has a posterior of
  its own, and a cell takes them together (`population.py`).
- A run is evidence of the edges that it lies between: one that blew up of the blow-up edge, one
  that stayed at chance of that and of the alive window, one that is alive of both windows, a useful
  one of the useful window. The order carries it on to the others.
- An edge turns runs from good to bad once.
- The prior is flat but for the order (`prior.py`). One from a neighbour is blurred and keeps a
  tenth of the flat one, so that it may be wrong.
- All runs have the same number of steps: all edges but blow-up belong to them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.ndimage import gaussian_filter

from keras_norms.lab.edges.blow_up import BlowUp
from keras_norms.lab.edges.edge_posterior import EdgePosterior
from keras_norms.lab.edges.forecast import with_upper
from keras_norms.lab.edges.ordered import Ordered, ordered
from keras_norms.lab.edges.prior import Prior
from keras_norms.lab.edges.verdict import Verdict
from keras_norms.lab.edges.verdict_noise import PER_DECADE, Range
from keras_norms.lab.edges.window import Window
from keras_norms.lab.errors import BadInput

FLOOR = 0.1
WIDTH = 0.3  # decades that a settled edge's interval may have
EDGES = ("lower", "useful", "alive", "blow_up")
SEARCHED = ("useful", "alive", "blow_up")


@dataclass(frozen=True)
class Thresholds:
    """What a number of runs say about the edges; each `given` is a new one.

    Attributes:
        before: the prior.
        blown, alive_window, useful_window: what the runs say about each part alone.
        seen: the runs: learning rate and verdict.
    """

    range: Range
    before: Prior
    blown: BlowUp
    alive_window: Window
    useful_window: Window
    seen: tuple[tuple[float, Verdict], ...] = ()

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
        return cls._unknown(range, Prior.flat(range))

    @classmethod
    def _unknown(cls, range: Range, before: Prior) -> Thresholds:
        window = Window.unknown(range)
        return cls(range, before, BlowUp.unknown(range), window, window)

    def given(self, runs: Iterable[tuple[float, Verdict]]) -> Thresholds:
        """After more runs, each a learning rate and its verdict."""
        known = self
        for rate, verdict in runs:
            known = known._after(float(rate), Verdict(verdict))
        return known

    def _after(self, rate: float, verdict: Verdict) -> Thresholds:
        x, parts = math.log10(rate), {}
        # What moves a run moves it at all edges: counted at each of them, it would count too much.
        if not verdict.trained:
            parts["blown"] = self.blown.given(x, verdict.blown)
        if verdict in (Verdict.UNTRAINED, Verdict.ALIVE):
            parts["alive_window"] = self.alive_window.given(x, verdict.trained)
        if verdict.trained:
            parts["useful_window"] = self.useful_window.given(x, verdict is Verdict.USEFUL)
        return replace(self, seen=(*self.seen, (rate, verdict)), **parts)

    def warming(self, spread: float, floor: float = FLOOR) -> Thresholds:
        """The prior of a neighbour whose edges differ by about `spread` decades from these."""

        def blur(weights: np.ndarray) -> np.ndarray:
            return gaussian_filter(weights, spread * PER_DECADE, mode="nearest")

        flat, now = Prior.flat(self.range), self.posterior
        near = Prior(
            self.blow_up.weights,
            now.alive.sum(0),
            float(now.no_alive.sum()),
            now.useful.sum(0),
            float(now.no_useful.sum()),
            flat.gap,
        ).blurred(blur)
        near = replace(
            near, alive=near.alive * (flat.alive > 0), useful=near.useful * (flat.useful > 0)
        )
        return self._unknown(self.range, near.mixed(flat, floor))

    @property
    def posterior(self) -> Ordered:
        """Of all edges together: megabytes, so it is made when asked for and not kept."""
        return ordered(
            self.before,
            self.blown.likelihood,
            self.alive_window.likelihood,
            float(self.alive_window.none.sum()),
            self.useful_window.likelihood,
            float(self.useful_window.none.sum()),
        )

    @property
    def runs(self) -> int:
        """How many runs it has seen."""
        return len(self.seen)

    @cached_property
    def by_scale(self) -> dict[str, np.ndarray]:
        """By edge P(scale of the noise, edge), shape (scales, thresholds)."""
        now = self.posterior
        lower = now.alive.sum(2)
        lower[:, -1] += now.no_alive
        return {
            "lower": lower,
            "useful": now.useful_alive.sum(2),
            "alive": now.alive_blow_up.sum(2),
            "blow_up": now.alive_blow_up.sum(1),
        }

    @property
    def lower(self) -> EdgePosterior:
        """Below it runs are too slow to train; above the range where none trains."""
        return EdgePosterior(self.range, self.by_scale["lower"].sum(0))

    @property
    def useful(self) -> EdgePosterior:
        """The largest learning rate that is useful."""
        return EdgePosterior(self.range, self.by_scale["useful"].sum(0))

    @property
    def alive(self) -> EdgePosterior:
        """The largest learning rate that trains."""
        return EdgePosterior(self.range, self.by_scale["alive"].sum(0))

    @property
    def trains(self) -> EdgePosterior:
        """The alive edge, by its name on the pages."""
        return self.alive

    @property
    def blow_up(self) -> EdgePosterior:
        """The largest learning rate that does not blow up."""
        return EdgePosterior(self.range, self.by_scale["blow_up"].sum(0))

    def settled(self, width: float = WIDTH, edges: Sequence[str] = SEARCHED) -> bool:
        """Whether these edges are known: 90 % intervals no wider than `width` decades."""
        return all(getattr(self, edge).settled(width) for edge in edges)

    def forecast(self, x: np.ndarray) -> np.ndarray:
        """Probability of each of `forecast.VERDICTS` of runs at log10 learning rates `x`.

        Returns:
            Shape (4, *x.shape).
        """
        parts = self.blown, self.alive_window, self.useful_window
        return with_upper(self.posterior, *parts, np.asarray(x, float))[1].sum(1)


def known_edges(edges: Sequence[str]) -> tuple[str, ...]:
    """The edges as given.

    Raises:
        BadInput: none, or one that is unknown.
    """
    if isinstance(edges, str) or not edges or not {*edges} <= {*EDGES}:
        raise BadInput(f"Invalid edges={edges!r}: must be a tuple of some of {', '.join(EDGES)}")
    return tuple(edges)
