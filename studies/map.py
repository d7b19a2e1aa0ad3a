"""The map: edges of the learning rate by depth, over architectures and optimizers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from keras_norms.lab.edges.allocation import Purse
from keras_norms.lab.edges.cell import Cell
from keras_norms.lab.edges.search import Search, explore
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.found import Found
from keras_norms.lab.options import option
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


@dataclass(frozen=True, kw_only=True)
class Map(Experiment):
    """The map: edges of the learning rate by depth, over architectures and optimizers.

    Command    python -m studies run map --hours 2 --out results
    """

    seeds: int = option(0, "initial weights of a cell; 0 for each family's own", least=0, most=99)
    families: tuple[str, ...] = option(tuple(FAMILIES), "which to map", choices=tuple(FAMILIES))
    hours: float = option(2.5, "CPU hours of all runs together", above=0, most=100_000)
    decades: float = option(0.5, "width of an interval that is known well enough", above=0, most=9)
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

    def plan(self):
        purse, cells, visits = self.purse, dict[Place, Cell](), dict[Place, int]()
        while not purse.spent(cells.values()) and (chosen := self.chosen(cells)):
            visits |= {place: visits.get(place, 0) + 1 for place in chosen}
            found = yield {
                place.visit(visits[place]): self.searched(place, cells) for place in chosen
            }
            cells |= {place: found[place.visit(visits[place])] for place in chosen}

    def chosen(self, cells: dict[Place, Cell]) -> list[Place]:
        """The next cells: new ones whose neighbour is there, then the least known."""
        new = [p for p in self.places() if p not in cells and self.shallower(p) in (None, *cells)]
        if new:
            return new[: self.lanes]
        known = list(cells)
        return [known[k] for k in self.purse.least_known(list(cells.values()))]

    def searched(self, place: Place, cells: dict[Place, Cell]) -> Searched:
        """One visit."""
        search = self.search(place)
        if place in cells:
            start, search = cells[place], self.purse.again(search, cells[place])
        else:
            near = self.shallower(place)
            start = search.cell(place.of.program(place.arm, place.depth), near and cells[near])
        return Searched(explore(start, search), search.seeds * search.most)

    def search(self, place: Place) -> Search:
        """Of a first visit."""
        usual = place.of.search
        seeds = self.seeds or usual.seeds
        return Search(usual.low, usual.high, seeds, usual.first_seed, min(usual.most, self.most))

    def shallower(self, place: Place) -> Place | None:
        """The neighbour whose edges are the prior."""
        depths = place.of.depths
        at = depths.index(place.depth)
        return Place(place.family, place.arm, depths[at - 1]) if at else None

    def cells(self, found: Found) -> dict[Place, Cell]:
        """All that were visited, in order, as their last visits left them."""
        return dict(self._cells(found))

    def _cells(self, found: dict[str, Any]) -> Iterator[tuple[Place, Cell]]:
        for place in self.places():
            visits = [n for n in range(1, self.most + 2) if place.visit(n) in found]
            if visits:
                yield place, found[place.visit(visits[-1])]
