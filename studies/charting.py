"""What the studies of edges share: chains of neighbouring cells, searched one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import optuna

from keras_norms.lab.progress import Progress
from keras_norms.lab.progress import effort as effort_of
from keras_norms.lab.stability.cell import Cell
from keras_norms.lab.stability.search import Search, by_program, cell_key, explore
from keras_norms.lab.training import Outcome, Run
from keras_norms.lab.trials import finished, run_trials

TYPICAL = 0.8  # of the most runs that a seed may take, for an estimate of the time left
Chains = Sequence[Sequence[Run]]  # each a row of programs, neighbours beside one another


def effort(chains: Chains, search: Search) -> float:
    return sum(_effort(program, search) for chain in chains for program in chain)


def _effort(program: Run, search: Search) -> float:
    return effort_of(program) * search.seeds * search.most * TYPICAL


def chart(
    study: optuna.Study,
    chains: Chains,
    search: Search,
    name: Callable[[Run], str],
    *,
    data_dir: str | Path | None = None,
    progress: Progress | None = None,
) -> None:
    """Trains what is missing, one program to its end before the next is compiled."""
    progress = progress or Progress.silent()
    ask = partial(run_trials, study, data_dir=data_dir, progress=progress)

    def searched(cell: Cell) -> Cell:
        with progress.stage(name(cell.program), _effort(cell.program, search)):
            for outcome in cell.outcomes:
                progress.finished(outcome.run, trained=False)
            return explore(cell, search, ask)

    for _ in _walk(study, chains, search, searched):
        pass


def charted(study: optuna.Study, chains: Chains, search: Search) -> list[Cell]:
    """The cells as far as their runs are finished; those without any are left out."""
    return [cell for cell in _walk(study, chains, search, lambda cell: cell) if cell.outcomes]


def keys(cells: Sequence[Cell]) -> set[str]:
    """Of all runs of the cells."""
    return {outcome.run.key for cell in cells for outcome in cell.outcomes}


def _walk(
    study: optuna.Study, chains: Chains, search: Search, searched: Callable[[Cell], Cell]
) -> Iterator[Cell]:
    """Each cell with its finished runs and what `searched` adds, the prior from its neighbour."""
    done = by_program(finished(study).values())

    def known(program: Run) -> list[Outcome]:
        return [
            outcome
            for outcome in done.get(cell_key(program), ())
            if outcome.run.seed < search.seeds
            and search.low <= outcome.run.learning_rate <= search.high
        ]

    for chain in chains:
        near = None
        for program in chain:
            cell = searched(search.cell(program, near).given(known(program)))
            near = cell if cell.outcomes else None
            yield cell
