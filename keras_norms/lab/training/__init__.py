"""From runs to outcomes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from keras_norms.lab import data
from keras_norms.lab.training.outcome import Cost as Cost
from keras_norms.lab.training.outcome import Outcome as Outcome
from keras_norms.lab.training.program import Program
from keras_norms.lab.training.run import Run as Run

KEPT_PROGRAMS = 4


def train(
    runs: Iterable[Run],
    *,
    data_dir: str | Path | None = None,
    cache_dir: str | Path | None = None,
    on_step: Callable[[Run, int], None] | None = None,
) -> Iterator[Outcome]:
    """Train runs, and yield the outcome of each as it finishes.

    A function of the runs alone: the same run gives the same outcome, bit for bit on one backend
    and device, whatever is trained before it. Runs that differ only in learning rate, schedule
    and seed share one compiled program and follow one another; the last few programs are kept
    for later calls.

    Args:
        runs: what to train.
        data_dir, cache_dir: see `keras_norms.lab.data.load`.
        on_step: called with a run and the number of steps it has done, every few steps.

    Raises:
        BadInput: data that are not there, or a run that cannot be.
    """
    groups: dict[tuple, list[Run]] = {}
    for run in runs:
        groups.setdefault(run.program, []).append(run)
    for group in groups.values():
        program = _program(group[0].program, _Of(group[0]), data_dir, cache_dir)
        for run in group:
            yield program.train(run, on_step)


class _Of:
    """A run that `lru_cache` takes for equal to any other: the program is the key."""

    def __init__(self, run: Run) -> None:
        self.run = run

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Of)

    def __hash__(self) -> int:
        return 0


@functools.lru_cache(KEPT_PROGRAMS)
def _program(content: tuple, of: _Of, data_dir: object, cache_dir: object) -> Program:
    return Program(of.run, _data(of.run.data, data_dir, cache_dir))


@functools.lru_cache(2)
def _data(name: str, data_dir: object, cache_dir: object) -> data.ImageData:
    return data.load(name, data_dir=data_dir, cache_dir=cache_dir)
