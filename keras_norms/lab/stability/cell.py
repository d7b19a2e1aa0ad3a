"""A cell of a map: one program, such as a normalizer at one depth, and both of its edges.

Each seed has a posterior of its own. A cell's edge is the median over the seeds; its interval is
that of the seeds' posteriors taken together, with equal weights, so that it holds both what the
runs leave open and how far the seeds lie apart.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from keras_norms.lab.stability.estimate import Estimate
from keras_norms.lab.stability.no_threshold import no_threshold
from keras_norms.lab.stability.threshold import Thresholds
from keras_norms.lab.stability.verdict import Verdict
from keras_norms.lab.training import Outcome, Run

WIDEST = 10.0  # ratio of the ends of an interval whose median is still worth quoting


@dataclass(frozen=True)
class Edge:
    """One edge over the seeds of a cell, all as learning rates.

    0 stands for "no learning rate of the range is good", infinity for "every one is".
    """

    seeds: tuple[Estimate, ...]

    @property
    def values(self) -> tuple[float, ...]:
        """The median of each seed's posterior."""
        return tuple(_rate(seed.median) for seed in self.seeds)

    @property
    def median(self) -> float:
        """The seeds' median, in the logarithm."""
        logs = sorted(seed.median for seed in self.seeds)
        low, high = logs[(len(logs) - 1) // 2], logs[len(logs) // 2]
        # Half-way between a number and "no rate" there is none.
        return _rate((low + high) / 2 if math.isfinite(high - low) else low)

    @property
    def interval(self) -> tuple[float, float]:
        """The central 90 % of the seeds' posteriors together."""
        together = np.mean([seed.weights for seed in self.seeds], axis=0)
        low, high = Estimate(self.seeds[0].range, together).interval()
        return _rate(low), _rate(high)

    @property
    def range(self) -> tuple[float, float]:
        """The learning rates between which it was looked for."""
        return 10 ** self.seeds[0].range.low, 10 ** self.seeds[0].range.high

    @property
    def resolved(self) -> bool:
        """Whether the median is worth quoting: it is "no rate" or "every rate", or the interval,
        as far as it lies in the range, is at most a decade wide."""
        low, high = np.clip(self.interval, *self.range)
        return self.median in (0, math.inf) or bool(high <= WIDEST * low)

    @property
    def brief(self) -> str:
        """The median in two digits, or "unknown" where the runs leave it open."""
        return spoken(self.median) if self.resolved else "unknown"

    def __str__(self) -> str:
        low, high = self.interval
        if low == high:
            return spoken(low)
        return f"{self.brief} [{spoken(low)}, {spoken(high)}]"


@dataclass(frozen=True)
class Cell:
    """Attributes:
    program: the run whose learning rate and seed the others replace.
    priors: by seed, what was known before the first run.
    seeds: by seed, what is known now.
    outcomes: of all its runs, oldest first.
    """

    program: Run
    priors: Mapping[int, Thresholds]
    seeds: Mapping[int, Thresholds]
    outcomes: tuple[Outcome, ...] = ()

    @classmethod
    def prior(cls, program: Run, priors: Mapping[int, Thresholds]) -> Cell:
        return cls(program, priors, priors)

    def given(self, outcomes: Iterable[Outcome]) -> Cell:
        """After more runs."""
        known, seeds = tuple(outcomes), dict(self.seeds)
        for outcome in known:
            run = outcome.run
            seeds[run.seed] = seeds[run.seed].given([(run.learning_rate, outcome.verdict)])
        return replace(self, seeds=seeds, outcomes=self.outcomes + known)

    @property
    def trains(self) -> Edge:
        return Edge(tuple(known.trains for known in self.seeds.values()))

    @property
    def blow_up(self) -> Edge:
        return Edge(tuple(known.blow_up for known in self.seeds.values()))

    @property
    def no_threshold(self) -> float:
        """Probability that blow-up is no threshold in this cell, by all its seeds together."""
        return no_threshold(self.seeds.values())

    @property
    def out_of_order(self) -> int:
        """Runs that did not train though one of their seed with a smaller and one with a larger
        learning rate did."""
        found = 0
        for seed in self.seeds:
            its = [outcome for outcome in self.outcomes if outcome.run.seed == seed]
            trained = [o.run.learning_rate for o in its if o.verdict is Verdict.TRAINED]
            found += sum(
                min(trained) < outcome.run.learning_rate < max(trained)
                for outcome in its
                if trained and outcome.verdict is not Verdict.TRAINED
            )
        return found


def spoken(rate: float) -> str:
    """A learning rate of two digits, or "no rate", or "every rate"."""
    if rate == 0:
        return "no rate"
    return "every rate" if math.isinf(rate) else f"{rate:.2g}"


def _rate(log: float) -> float:
    return 0.0 if log == -math.inf else float(10**log) if log < math.inf else math.inf
