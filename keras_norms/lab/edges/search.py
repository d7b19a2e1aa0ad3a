"""Which runs a cell still needs: for each seed the learning rate that tells most, until it settles.

The choice is a function of the finished runs alone: a study that is resumed asks for the same runs.
A run is asked for once, since the same run would end the same.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_norms.lab.edges.acquisition import gain, promising
from keras_norms.lab.edges.cell import Cell
from keras_norms.lab.edges.threshold import SEARCHED, WIDTH, Thresholds, known_edges
from keras_norms.lab.errors import BadInput

if TYPE_CHECKING:  # so that results are read without a framework
    from keras_norms.lab.training import Outcome, Run

NEIGHBOURS = 0.5  # decades by which edges of neighbouring cells differ, about


@dataclass(frozen=True)
class Search:
    """How a cell is searched.

    Attributes:
        low, high: the learning rates between which edges are looked for.
        seeds: how many replicates, each searched on its own.
        first_seed: of them.
        most: runs a seed at most.
        width: decades that a settled edge's 90 % interval may have.
        edges: those that are searched, of "lower", "useful", "alive" and "blow_up".

    Raises:
        BadInput: a range that is empty, an unknown edge, or nothing to do.
    """

    low: float = 1e-4
    high: float = 1e2
    seeds: int = 3
    first_seed: int = 0
    most: int = 20
    width: float = WIDTH
    edges: tuple[str, ...] = SEARCHED

    def __post_init__(self) -> None:
        Thresholds.prior(self.low, self.high)
        known_edges(self.edges)
        for name in ("seeds", "most"):
            if getattr(self, name) < 1:
                raise BadInput(
                    f"{name}={getattr(self, name)} gives nothing to run; write 1 or more"
                )

    def cell(self, program: Run, near: Cell | None = None) -> Cell:
        """Before any run; a neighbour that has runs gives the prior, seed by seed."""
        cold = Thresholds.prior(self.low, self.high)
        priors = dict.fromkeys(range(self.first_seed, self.first_seed + self.seeds), cold)
        if near is not None:
            priors = {seed: known.warming(NEIGHBOURS) for seed, known in near.seeds.items()}
        return Cell.prior(program, priors)

    def wanted(self, cell: Cell) -> list[Run]:
        """The next run of each seed whose edges are not settled."""
        return [run for seed in cell.seeds if (run := self.next(cell, seed))]

    def next(self, cell: Cell, seed: int) -> Run | None:
        """The next run of one seed; None where its edges are settled, or its runs used up."""
        known = cell.seeds[seed]
        if known.runs >= self.most or known.settled(self.width, self.edges):
            return None
        tried = [o.run.learning_rate for o in cell.outcomes if o.run.seed == seed]
        rate = next_rate(known, tried, self.edges)
        return None if rate is None else replace(cell.program, learning_rate=rate, seed=seed)


def next_rate(
    known: Thresholds, tried: Iterable[float], edges: Sequence[str] = SEARCHED
) -> float | None:
    """The untried learning rate that tells most about the edges; None where all were tried."""
    rates = np.array([float(f"{10**x:.4e}") for x in known.range.rates])
    done = np.isin(rates, list(tried))
    gains = np.where(done, -np.inf, promising([known], edges))
    if np.isneginf(gains).all():  # all that are worth a look were tried
        gains = np.where(done, -np.inf, gain(known, known.posterior, known.range.rates, edges))
    best = int(gains.argmax())
    return float(rates[best]) if gains[best] > -np.inf else None


def explore(cell: Cell, search: Search) -> Generator[list[Run], list[Outcome], Cell]:
    """Yields the next run of each seed whose edges are not settled; returns the cell."""
    while runs := search.wanted(cell):
        cell = cell.given((yield runs))
    return cell


def cell_key(run: Run) -> tuple[tuple[str, Any], ...]:
    """What the runs of a cell have in common: all but learning rate and seed."""
    content = run.as_dict()
    return tuple((name, content[name]) for name in content if name not in ("learning_rate", "seed"))
