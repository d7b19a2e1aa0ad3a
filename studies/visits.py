"""What a map does: visits to cells, the least known first, until a budget is spent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from keras_norms.lab.edges.allocation import Purse
from keras_norms.lab.edges.cell import Cell
from keras_norms.lab.edges.search import Search, explore
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.found import Found
from keras_norms.lab.options import option
from keras_norms.lab.report.map_rows import Row
from keras_norms.lab.walk import Search as Searched
from studies.families import FAMILIES, Family


@dataclass(frozen=True)
class Place:
    """Where a cell stands in the map, and where its visits stand in the plan."""

    family: str
    arm: str
    depth: int

    def visit(self, number: int) -> str:
        return f"{self.family}, {self.arm}, depth {self.depth}, visit {number}"

    @property
    def of(self) -> Family:
        return FAMILIES[self.family]

    @property
    def shallower(self) -> Place | None:
        """The neighbour whose edges are the prior."""
        at = self.of.depths.index(self.depth)
        return Place(self.family, self.arm, self.of.depths[at - 1]) if at else None


@dataclass(frozen=True, kw_only=True)
class VisitExperiment(Experiment):
    """A study whose cells are visited by turns: once each, then again those least known."""

    seeds: int = option(0, "initial weights of a cell; 0 for each family's own", least=0, most=99)
    families: tuple[str, ...] = option(tuple(FAMILIES), "which to map", choices=tuple(FAMILIES))
    hours: float = option(3.0, "CPU hours of all runs together", above=0, most=100_000)
    decades: float = option(0.5, "width of an interval that is narrow enough", above=0, most=9)
    most: int = option(16, "runs a seed at most", least=1, most=1000)
    lanes: int = option(4, "cells that are visited at once", least=1, most=1000)

    @property
    def purse(self) -> Purse:
        return Purse(self.hours, self.decades, most=self.most, lanes=self.lanes)

    def places(self) -> list[Place]:
        """All cells, those of a family together, the shallow ones first."""
        return [
            Place(name, arm, depth)
            for name in self.families
            for depth in FAMILIES[name].depths
            for arm in FAMILIES[name].arms
        ]

    def visits(self):
        """The part of a plan that fills the map; returns the cells."""
        purse, cells, visits = self.purse, dict[Place, Cell](), dict[Place, int]()
        while not purse.spent(cells.values()) and (chosen := self.chosen(cells)):
            visits |= {place: visits.get(place, 0) + 1 for place in chosen}
            named = {place: place.visit(visits[place]) for place in chosen}
            found = yield {name: self.searched(place, cells) for place, name in named.items()}
            cells |= {place: found[name] for place, name in named.items()}
        return cells

    def chosen(self, cells: dict[Place, Cell]) -> list[Place]:
        """The next cells: new ones whose neighbour is there, then the least known."""
        new = [p for p in self.places() if p not in cells and p.shallower in (None, *cells)]
        if new:
            return new[: self.lanes]
        known = list(cells)
        return [known[k] for k in self.purse.least_known(list(cells.values()))]

    def searched(self, place: Place, cells: dict[Place, Cell]) -> Searched:
        """One visit."""
        search, near = self.search(place), place.shallower
        if place in cells:
            start, search = cells[place], self.purse.again(search, cells[place])
        else:
            start = search.cell(place.of.program(place.arm, place.depth), near and cells[near])
        return Searched(explore(start, search), search.seeds * search.most)

    def search(self, place: Place) -> Search:
        """Of a first visit."""
        usual = place.of.search
        seeds = self.seeds or usual.seeds
        return replace(usual, seeds=seeds, most=min(usual.most, self.most))

    def rows(self, found: Found) -> list[Row]:
        """All cells that were visited, in order, as the last visits left them.

        Raises:
            Incomplete: there is none yet.
        """
        rows = list(self._rows(found))
        return rows or [found["the first cell"]]

    def _rows(self, found: Found) -> Iterator[Row]:
        for place in self.places():
            visits = [n for n in range(1, self.most + 2) if place.visit(n) in found]
            if visits:
                cell = found[place.visit(visits[-1])]
                yield Row(place.of.words, place.arm, place.depth, cell)
