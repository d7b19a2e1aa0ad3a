"""Which learning rates to try next: a coarse grid, then halving around the two edges.

Learning rates lie on a fixed lattice of eighths of a decade (10^(k/8) for whole k), so that the
choice is a function of the finished runs alone: a study that was stopped asks for the same runs
when it goes on, and two seeds share their learning rates.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from keras_norms.lab.errors import BadInput
from keras_norms.lab.stability.frontier import Edge, edges
from keras_norms.lab.stability.verdict import Verdict

PER_DECADE = 8


@dataclass(frozen=True)
class Lattice:
    """The learning rates that may be tried: `low` to `high`, rounded to eighths of a decade.

    Raises:
        BadInput: the range is empty or not positive.
    """

    low: float = 1e-4
    high: float = 1e2

    def __post_init__(self) -> None:
        if not 0 < self.low < self.high:
            raise BadInput(
                f"low={self.low}, high={self.high} is no range of learning rates; "
                "write two positive numbers, the smaller one first"
            )

    @property
    def coarse(self) -> list[float]:
        """One learning rate a decade, and both ends."""
        first, last = index(self.low), index(self.high)
        return [rate(k) for k in sorted({*range(first, last + 1, PER_DECADE), last})]

    @property
    def typical(self) -> int:
        """About how many runs one seed takes, for an estimate of the time left."""
        return len(self.coarse) + 2 * (PER_DECADE.bit_length() - 1)


def index(learning_rate: float) -> int:
    return round(PER_DECADE * math.log10(learning_rate))


def rate(k: int) -> float:
    """10^(k/8), rounded to five digits so that it reads well and hashes the same everywhere."""
    return float(f"{10 ** (k / PER_DECADE):.4e}")


def next_rates(verdicts: Mapping[float, Verdict], lattice: Lattice) -> list[float]:
    """The learning rates to try next for one seed, smallest first; none when it is finished.

    First the coarse grid. Then, at each edge, the middle between its two sides until they are
    neighbours on the lattice. Where nothing trained, every gap up to the blow-up edge is halved
    until they are a quarter of a decade, since a deep network's window may be narrow.
    """
    missing = [point for point in lattice.coarse if point not in verdicts]
    if missing:
        return missing
    found = edges(verdicts)
    wanted = set(_middle(found.blow_up, finest=1))
    if found.trains.below is None:
        tried = [point for point in sorted(verdicts) if point <= (found.blow_up.above or math.inf)]
        gaps = itertools.starmap(Edge, itertools.pairwise(tried))
        wanted |= {middle for gap in gaps for middle in _middle(gap, finest=PER_DECADE // 4)}
    else:
        wanted |= set(_middle(found.trains, finest=1))
    return sorted(wanted)


def _middle(edge: Edge, *, finest: int) -> Iterator[float]:
    if edge.below is None or edge.above is None:
        return
    low, high = index(edge.below), index(edge.above)
    if high - low > finest:
        yield rate((low + high) // 2)
