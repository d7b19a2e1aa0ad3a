"""From the verdicts of many runs to the largest stable learning rate: its two edges.

    blow-up  largest learning rate below the first one that blew up
    trains   largest learning rate that trained within the step budget

A run at chance level says nothing alone, for its learning rate may be too small or too large. So
it is placed by order: above a learning rate that trained it failed, below all of them it was too
slow. Both edges belong to one seed; a cell (one normalizer at one depth) is the median over its
seeds. The trains edge is a fact about a number of steps and is never quoted without it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from keras_norms.lab.stability.verdict import Verdict


@dataclass(frozen=True)
class Edge:
    """Where one seed's learning rates change from good to bad.

    Attributes:
        below: the largest good learning rate; None where no tried one is good.
        above: the smallest bad one that was tried above it; None where the range ended first, so
            that the edge is at `below` or higher.
    """

    below: float | None
    above: float | None


@dataclass(frozen=True)
class Edges:
    """Both edges of one seed, and how far its runs are from a clean threshold.

    Attributes:
        out_of_order: runs that did not train though one with a smaller and one with a larger
            learning rate did.
    """

    trains: Edge
    blow_up: Edge
    out_of_order: int = 0


@dataclass(frozen=True)
class Spread:
    """One edge over the seeds of a cell, as learning rates; None where no rate is good.

    Attributes:
        median: None where half of the seeds or more have none.
        low: smallest and `high` largest over the seeds: a range, not a confidence interval.
        open_above: whether some seed's range ended before its edge, so that the numbers are
            lower bounds.
    """

    values: tuple[float | None, ...]
    median: float | None
    low: float | None
    high: float | None
    open_above: bool

    def __str__(self) -> str:
        if self.median is None:
            return "no rate"
        text = f"{'≥ ' if self.open_above else ''}{self.median:.2g}"
        if self.low == self.high:
            return text
        return f"{text} ({'no rate' if self.low is None else f'{self.low:.2g}'} to {self.high:.2g})"


@dataclass(frozen=True)
class Cell:
    """One normalizer at one depth: the edges of its seeds, found by `runs` runs."""

    normalizer: str
    depth: int
    seeds: Mapping[int, Edges]
    runs: int

    @property
    def trains(self) -> Spread:
        return spread([found.trains for found in self.seeds.values()])

    @property
    def blow_up(self) -> Spread:
        return spread([found.blow_up for found in self.seeds.values()])


def edges(verdicts: Mapping[float, Verdict]) -> Edges:
    """The two edges of one seed from its verdicts by learning rate."""
    rates = sorted(verdicts)
    blown = [rate for rate in rates if verdicts[rate] is Verdict.BLEW_UP]
    trained = [rate for rate in rates if verdicts[rate] is Verdict.TRAINED]
    stable = [rate for rate in rates if not blown or rate < blown[0]]
    blow_up = Edge(stable[-1] if stable else None, blown[0] if blown else None)
    if not trained:
        return Edges(Edge(None, None), blow_up)
    above = [rate for rate in rates if rate > trained[-1]]
    between = [rate for rate in rates if trained[0] < rate < trained[-1]]
    return Edges(
        Edge(trained[-1], above[0] if above else None),
        blow_up,
        sum(verdicts[rate] is not Verdict.TRAINED for rate in between),
    )


def spread(seeds: Sequence[Edge]) -> Spread:
    """Median and range of one edge over seeds, in the logarithm; "none" is below every number.

    Raises:
        ValueError: there are no seeds.
    """
    if not seeds:
        raise ValueError("seeds=[] has nothing to take a median of; give one edge or more")
    values = tuple(edge.below for edge in seeds)
    logs = sorted(-math.inf if value is None else math.log(value) for value in values)
    middle = (logs[(len(logs) - 1) // 2] + logs[len(logs) // 2]) / 2
    return Spread(
        values=values,
        median=_rate(middle),
        low=_rate(logs[0]),
        high=_rate(logs[-1]),
        open_above=any(edge.below is not None and edge.above is None for edge in seeds),
    )


def _rate(log: float) -> float | None:
    return None if log == -math.inf else math.exp(log)
