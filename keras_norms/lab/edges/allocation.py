"""Where the next runs of many cells go: to those whose edges are least known, within a budget.

A visit gives a cell some more runs a seed. What it costs stands in its outcomes, so that the choice
of the next cells, and the end of the budget, follow from the finished runs alone: an interrupted
map resumes where it was, and a larger budget goes on from a smaller one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from keras_norms.lab.edges.cell import Cell
from keras_norms.lab.edges.search import Search

JUDGED = ("alive", "blow_up")  # the edges by which a cell counts as known
SECONDS = 3600.0  # an hour


@dataclass(frozen=True)
class Purse:
    """How runs are handed out.

    Attributes:
        hours: CPU hours of all runs together, compiling included; overdrawn by a round at most.
        decades: width of the 90 % intervals with which a cell counts as known.
        more: runs a seed of each visit after the first.
        most: runs a seed at most.
        lanes: cells that are visited at once.
    """

    hours: float
    decades: float = 0.5
    more: int = 2
    most: int = 16
    lanes: int = 4

    def spent(self, cells: Iterable[Cell]) -> bool:
        return hours_of(cells) >= self.hours

    def least_known(self, cells: Sequence[Cell]) -> list[int]:
        """The places of the cells to visit next, the widest first; none where all are known."""
        widths = [width(cell) if runs_of(cell) < self.most else 0.0 for cell in cells]
        wide = [k for k in range(len(cells)) if widths[k] > self.decades]
        return sorted(wide, key=lambda k: -widths[k])[: self.lanes]

    def again(self, search: Search, cell: Cell) -> Search:
        """The search of the next visit of a cell."""
        return replace(search, most=min(runs_of(cell) + self.more, self.most))


def runs_of(cell: Cell) -> int:
    """The most runs that a seed has."""
    return max(known.runs for known in cell.seeds.values())


def hours_of(cells: Iterable[Cell]) -> float:
    """CPU hours of all runs, with what compiling took."""
    costs = [outcome.cost for cell in cells for outcome in cell.outcomes]
    return sum(cost.cpu_seconds + cost.compile_seconds for cost in costs) / SECONDS


def width(cell: Cell) -> float:
    """Decades of the wider of the intervals of the edges by which a cell is judged."""
    return max(cell.edge(name).decades for name in JUDGED)
