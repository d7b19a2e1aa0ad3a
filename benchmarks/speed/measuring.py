"""Cells as Optuna trials: each is measured once, kept at once, and read back ever after."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras
import optuna
from optuna.trial import TrialState

from benchmarks.speed import layers, memory, networks
from benchmarks.speed.cells import LAYER, MEMORY, NETWORK, Cell
from benchmarks.speed.clock import first_calls, interleaved
from keras_norms.lab.lease import PROVENANCE, RUN, Lease, fail_dead
from keras_norms.lab.progress import Progress
from keras_norms.lab.provenance import described

MEASURED = "measured"
EFFORT = {LAYER: 1.0, NETWORK: 25.0}  # of a cell, roughly

Measured = dict[str, dict[str, list[float]]]


@dataclass(frozen=True)
class Measurement:
    """A finished cell.

    Attributes:
        measured: quantity -> side -> values. "seconds" has one each round, in which all sides
            took their turn; "first call" (CPU seconds) and "MiB" have one.
        origin: versions, device and commit.
    """

    cell: Cell
    measured: Measured
    origin: dict[str, str]


def measure(cell: Cell, rounds: int) -> Measured:
    """The numbers of a cell."""
    if cell.quantity == MEMORY:
        return {"MiB": {side: [size] for side, size in memory.kept(cell).items()}}
    sides = (layers if cell.subject == LAYER else networks).calls(cell)
    first = {side: [seconds] for side, seconds in first_calls(sides).items()}
    frame = interleaved(sides, rounds=rounds)
    return {"seconds": frame.to_dict("list"), "first call": first}


def effort(cell: Cell) -> float:
    return EFFORT[cell.subject]


def measure_missing(
    study: optuna.Study,
    cells: Sequence[Cell],
    rounds: int,
    progress: Progress,
    measure: Callable[[Cell, int], Measured] = measure,
) -> None:
    """Measures what no trial has, one after the other.

    A cell that another process has under way is left to it; two that measure at once disturb
    each other anyway.
    """
    fail_dead(study)
    done = {found.cell for found in finished(study)}
    for cell in cells:
        with progress.stage(str(cell), effort(cell)):
            lease = None if cell in done else Lease.take(study, cell, {})
            if lease is None:
                continue
            with lease:
                measured = measure(cell, rounds)
            lease.finish(0.0, **{MEASURED: measured})
            progress.spent(effort(cell))
        # Programs of former cells would fill the memory.
        keras.backend.clear_session()
        gc.collect()


def finished(study: optuna.Study) -> list[Measurement]:
    """All that is measured, oldest first."""
    trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return [
        Measurement(
            Cell(**trial.user_attrs[RUN]), trial.user_attrs[MEASURED], trial.user_attrs[PROVENANCE]
        )
        for trial in trials
        if MEASURED in trial.user_attrs
    ]


def origins(found: Sequence[Measurement]) -> str:
    """Where they come from, in one line."""
    return f"{len(found)} cells: " + "; ".join(sorted({described(one.origin) for one in found}))
