"""Neighbouring cells, each searched with the one before it as its prior: a group of a plan."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING

from keras_norms.lab.edges.cell import Cell
from keras_norms.lab.edges.search import Search, explore

if TYPE_CHECKING:
    from keras_norms.lab.training import Outcome, Run


def chain(
    programs: Sequence[Run], search: Search
) -> Generator[list[Run], list[Outcome], list[Cell]]:
    """Yields what `explore` yields for one after the other; returns the cells."""
    cells: list[Cell] = []
    for program in programs:
        start = search.cell(program, cells[-1] if cells else None)
        cells.append((yield from explore(start, search)))
    return cells
