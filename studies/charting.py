"""What the studies of edges share: chains of neighbouring cells, each searched from one end."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import keras
import optuna

from keras_norms.lab.edges.cell import Cell
from keras_norms.lab.edges.search import Search, cell_key
from keras_norms.lab.progress import Progress
from keras_norms.lab.progress import effort as effort_of
from keras_norms.lab.training import Outcome, Run
from keras_norms.lab.trials import finished, run_searches

TYPICAL = 0.8  # of the most runs that a seed may take, for an estimate of the time left


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What such a study covers besides its cells: how each of them is searched.

    Raises:
        BadInput: a program or a search that cannot be, before the first one is trained.
    """

    seeds: int = 3
    most: int = 16
    low: float = 1e-4
    high: float = 1e2
    backend: str = field(default_factory=keras.config.backend)

    def __post_init__(self) -> None:
        self.chains()
        self.search  # noqa: B018

    @property
    def search(self) -> Search:
        return Search(self.low, self.high, self.seeds, self.most)

    @property
    def study(self) -> str:
        """The name of the study."""
        raise NotImplementedError

    def chains(self) -> Sequence[Sequence[Run]]:
        """Rows of programs, neighbours beside one another."""
        raise NotImplementedError


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--low", type=float, metavar="RATE", help="smallest learning rate")
    parser.add_argument("--high", type=float, metavar="RATE", help="largest learning rate")
    parser.add_argument("--most", type=int, metavar="N", help="runs a seed at most")


def effort(settings: Settings) -> float:
    runs = settings.search.seeds * settings.search.most * TYPICAL
    return runs * sum(effort_of(program) for chain in settings.chains() for program in chain)


def run(
    study: optuna.Study,
    settings: Settings,
    *,
    data_dir: str | Path | None = None,
    progress: Progress | None = None,
) -> None:
    """Trains what is missing; several processes share the chains out."""
    progress = progress or Progress.silent()
    with progress.stage(settings.study, effort(settings)):
        run_searches(study, _searches(settings), data_dir=data_dir, progress=progress)


def charted(study: optuna.Study, settings: Settings) -> list[Cell]:
    """The cells as far as their runs are finished; those without any are left out."""
    done = finished(study)
    cells = (cell for chain in _searches(settings) for cell in chain.cells(done))
    return [cell for cell in cells if cell.outcomes]


def _searches(settings: Settings) -> list[Chain]:
    return [Chain(programs, settings.search) for programs in settings.chains()]


def keys(cells: Sequence[Cell]) -> set[str]:
    """Of all runs of the cells."""
    return {outcome.run.key for cell in cells for outcome in cell.outcomes}


class Chain:
    """Cells in a row, each begun when the one before it is settled and gives it its prior.

    Called with the finished outcomes by key it gives the runs of all cells so far, and what the
    last of them needs next. It reads each outcome once, since they only ever become more.
    """

    def __init__(self, programs: Sequence[Run], search: Search) -> None:
        self._search = search
        self._left = list(programs)  # not begun
        self._cells: list[Cell] = []
        self._next: dict[tuple[int, ...], Run | None] = {}  # by cell, seed and how many runs it has
        self._seen: set[str] = set()
        self._new: dict[object, list[Outcome]] = {}  # by cell, those that no cell has been given

    def __call__(self, done: Mapping[str, Outcome]) -> list[Run]:
        self._read(done)
        wanted: list[Run] = []
        if self._cells:
            self._cells[-1] = self._given(self._cells[-1])
            wanted = self._wanted()
        while not wanted and self._left:
            self._begin()
            wanted = self._wanted()
        return [outcome.run for cell in self._cells for outcome in cell.outcomes] + wanted

    def cells(self, done: Mapping[str, Outcome]) -> Iterator[Cell]:
        """Every cell with what is finished of it, settled or not."""
        self._read(done)
        while self._left:
            self._begin()
            yield self._cells[-1]

    def _wanted(self) -> list[Run]:
        """The next runs of the last cell, each computed once."""
        cell = self._cells[-1]
        for seed, known in cell.seeds.items():
            place = len(self._cells), seed, known.runs
            if place not in self._next:
                self._next[place] = self._search.next(cell, seed)
        runs = [self._next[len(self._cells), seed, k.runs] for seed, k in cell.seeds.items()]
        return [run for run in runs if run]

    def _begin(self) -> None:
        near = self._cells[-1] if self._cells and self._cells[-1].outcomes else None
        self._cells.append(self._given(self._search.cell(self._left.pop(0), near)))

    def _given(self, cell: Cell) -> Cell:
        return cell.given(self._new.pop(cell_key(cell.program), ()))

    def _read(self, done: Mapping[str, Outcome]) -> None:
        for key in [key for key in done if key not in self._seen]:
            self._seen.add(key)
            run = done[key].run
            inside = self._search.low <= run.learning_rate <= self._search.high
            if run.seed < self._search.seeds and inside:
                self._new.setdefault(cell_key(run), []).append(done[key])
