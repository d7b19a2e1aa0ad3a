"""One edge of a cell over its seeds: the median edge, and the range of a new seed.

All as learning rates: 0 stands for "no learning rate of the range is good", infinity for "every one
is". A seed none of whose runs passed has no edge, whatever its posterior would still allow.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from keras_norms.lab.edges.edge_posterior import EdgePosterior
from keras_norms.lab.edges.population import Population
from keras_norms.lab.edges.threshold import Thresholds
from keras_norms.lab.edges.verdict import Verdict

WIDEST = 10.0  # ratio of the ends of an interval whose median is still worth quoting
NEAR = 0.1  # decades from an end of the search within which an edge is that end

# Of each edge: what is said where no run passed, and whether a run did.
PASSED: dict[str, tuple[str, Callable[[Verdict], bool]]] = {
    "lower": ("none of {} rates trained", lambda verdict: verdict.trained),
    "useful": ("none of {} rates were useful", lambda verdict: verdict is Verdict.USEFUL),
    "alive": ("none of {} rates trained", lambda verdict: verdict.trained),
    "blow_up": ("all of {} rates blew up", lambda verdict: not verdict.blown),
}


@dataclass(frozen=True)
class Edge:
    """Attributes:
    name: "lower", "useful", "alive" or "blow_up".
    known: what the runs of each seed say.
    priors: what was known of each before its runs.
    floor: an edge that this one does not lie below, if there is one.
    """

    name: str
    known: tuple[Thresholds, ...]
    priors: tuple[Thresholds, ...]
    floor: Edge | None = None

    @classmethod
    def of(cls, name: str, known: Sequence[Thresholds], priors: Sequence[Thresholds]) -> Edge:
        return cls(name, tuple(known), tuple(priors))

    def at_least(self, floor: Edge) -> Edge:
        """The same, nowhere below `floor`: of each seed the edges are ordered, but not the medians
        that are told from seeds one edge at a time."""
        return replace(self, floor=floor)

    @property
    def seeds(self) -> tuple[EdgePosterior, ...]:
        """The posterior of each seed."""
        return tuple(getattr(known, self.name) for known in self.known)

    @property
    def values(self) -> tuple[float, ...]:
        """The median of each seed's posterior."""
        return tuple(
            as_rate(seed.median) if passed else self._none
            for seed, passed in zip(self.seeds, self._passed, strict=True)
        )

    @property
    def median(self) -> float:
        """The population's median: the median of what the seeds say about it."""
        return as_rate(self.population.median.median)

    @property
    def interval(self) -> tuple[float, float]:
        """90 % interval of the population's median."""
        low, high = self.population.median.interval()
        return as_rate(low), as_rate(high)

    @property
    def new_seed(self) -> tuple[float, float]:
        """Between these learning rates lies the edge of one more seed, with probability 90 %."""
        low, high = self.population.new_seed.interval()
        return as_rate(low), as_rate(high)

    @cached_property
    def population(self) -> Population:
        """Of the seeds that this cell's are drawn from."""
        pairs = zip(self.known, self.priors, self._passed, strict=True)
        likelihoods = [self._likelihood(*pair) for pair in pairs]
        own = Population.of(self.known[0].range, likelihoods, self._none_place)
        return own if self.floor is None else own.at_least(self.floor.population)

    @property
    def range(self) -> tuple[float, float]:
        """The learning rates between which it was looked for."""
        return 10 ** self.known[0].range.low, 10 ** self.known[0].range.high

    @property
    def decades(self) -> float:
        """Width of the interval as far as it lies in the range: small where no rate passed."""
        low, high = np.clip(self.interval, *self.range)
        return float(np.log10(high / low))

    @property
    def resolved(self) -> bool:
        """Whether the median is worth quoting: it is "no rate" or "every rate", or the interval,
        as far as it lies in the range, is at most a decade wide."""
        low, high = np.clip(self.interval, *self.range)
        return self.median in (0, math.inf) or bool(high <= WIDEST * low)

    @property
    def any_passed(self) -> bool:
        """Whether a run passed, or none was made."""
        return any(self._passed)

    @property
    def brief(self) -> str:
        """The median in two digits, "unknown" where the runs leave it open, or that none passed."""
        if not self.any_passed:
            return self._none_passed
        return self.words(self.median) if self.resolved else "unknown"

    def words(self, rate: float) -> str:
        """A learning rate of two digits, or the end of the search that it is not told from.

        "No rate" where half of the seeds or more have none.
        """
        low, high = self.range
        if rate == self._none and 2 * sum(self._passed) <= len(self._passed):
            return "no rate"
        if rate <= low * 10**NEAR:
            return f"at or below {low:.2g}"
        return f"at or above {high:.2g}" if rate >= high / 10**NEAR else f"{rate:.2g}"

    def __str__(self) -> str:
        if not self.any_passed or (self.interval[0] == self.interval[1]):
            return self.brief
        low, high = map(self.words, self.interval)
        below, above = map(self.words, self.new_seed)
        return f"{self.brief} [{low}, {high}]; a new seed {below} to {above}"

    @property
    def _none(self) -> float:
        return math.inf if self.name == "lower" else 0.0

    @property
    def _none_place(self) -> int:
        return -1 if self.name == "lower" else 0

    @property
    def _passed(self) -> tuple[bool, ...]:
        """Whether any run of each seed passed; true before its first run."""
        passes = PASSED[self.name][1]
        return tuple(
            not known.seen or any(passes(verdict) for _, verdict in known.seen)
            for known in self.known
        )

    @property
    def _none_passed(self) -> str:
        rates = [rate for known in self.known for rate, _ in known.seen]
        words = PASSED[self.name][0].format(len(set(rates)))
        return f"{words} ({min(rates):.2g} to {max(rates):.2g})"

    def _likelihood(self, known: Thresholds, prior: Thresholds, passed: bool) -> np.ndarray:
        """Of noise and a seed's edge by its own runs: posterior over prior."""
        before, after = (each.by_scale[self.name] for each in (prior, known))
        if not passed:
            likelihood = np.zeros_like(after)
            likelihood[:, self._none_place] = 1.0
            return likelihood
        return np.divide(after, before, out=np.zeros_like(after), where=before > 0)


def spoken(rate: float) -> str:
    """A learning rate of two digits, or "no rate", or "every rate"."""
    if rate == 0:
        return "no rate"
    return "every rate" if math.isinf(rate) else f"{rate:.2g}"


def as_rate(log: float) -> float:
    """The learning rate of a log10, whose infinities are 0 and infinity."""
    return 0.0 if log == -math.inf else float(10**log) if log < math.inf else math.inf
