"""Trains runs, those that share a compiled program one after another."""

from __future__ import annotations

import functools
import warnings
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from keras_norms.lab import data
from keras_norms.lab.provenance import require_backend
from keras_norms.lab.training import streamed
from keras_norms.lab.training.loop import Loop, OnPoint, OnStep
from keras_norms.lab.training.outcome import Outcome
from keras_norms.lab.training.program import Program

if TYPE_CHECKING:
    from keras_norms.lab.training.run import Run

KEPT_PROGRAMS = 16
_programs: OrderedDict[tuple, Program] = OrderedDict()


def train(
    runs: Iterable[Run],
    *,
    data_dir: str | Path | None = None,
    cache_dir: str | Path | None = None,
    on_step: OnStep | None = None,
    on_point: OnPoint | None = None,
    replicas: bool = False,
) -> Iterator[Outcome]:
    """Train runs, and yield the outcome of each as it finishes.

    A function of the runs alone: the same run gives the same outcome, bit for bit on one backend,
    device and number of threads, whatever is trained before it. Runs of one `program` follow one
    another and share what is compiled; the last few programs are kept for later calls. Within
    `checkpoint.kept_in(folder)` an interrupted run resumes.

    Args:
        runs: what to train.
        data_dir, cache_dir: see `keras_norms.lab.data.load`.
        on_step: called with a run and the number of steps it has done, every few steps.
        on_point: called with a run and each point of its curve, by column, as it is measured; what
            it raises ends the run there, without an outcome. A run that resumes from a checkpoint
            reports the points before it at once.
        replicas: of streams, see `streamed.train`.

    Raises:
        BadInput: data that are not there, or a run that cannot be or does not fit into memory.
    """
    return _Trained(_train(runs, data_dir, cache_dir, on_step, on_point, replicas))


class _Trained(Iterator[Outcome]):
    """Outcomes as they come; nothing is trained before the first is asked for, which is said."""

    def __init__(self, outcomes: Iterator[Outcome]) -> None:
        self._outcomes, self._asked = outcomes, False

    def __next__(self) -> Outcome:
        self._asked = True
        return next(self._outcomes)

    def __del__(self) -> None:
        if not self._asked:
            warnings.warn(
                "train(...) was not iterated, so nothing was trained: write list(train(runs))",
                stacklevel=2,
            )


def _train(
    runs: Iterable[Run],
    data_dir: object,
    cache_dir: object,
    on_step: OnStep | None,
    on_point: OnPoint | None,
    replicas: bool,
) -> Iterator[Outcome]:
    groups: dict[tuple, list[Run]] = {}
    for run in runs:
        require_backend(run.backend)
        groups.setdefault(run.program, []).append(run)
    for group in groups.values():
        for run in group:
            if run.streamed:
                yield streamed.train(
                    run,
                    data_dir=data_dir,
                    on_step=on_step,
                    on_point=on_point,
                    replicas=replicas,
                )
            else:
                program = _program(run, data_dir, cache_dir)
                yield Loop(program, run, on_step, on_point).outcome()


def _program(run: Run, data_dir: object, cache_dir: object) -> Program:
    """The program of `run`; the least recently used one goes when there are too many."""
    key = run.program, data_dir, cache_dir
    if key not in _programs:
        _programs[key] = Program(run, _data(run.images, data_dir, cache_dir))
        if len(_programs) > KEPT_PROGRAMS:
            _programs.popitem(last=False)
    _programs.move_to_end(key)
    return _programs[key]


@functools.lru_cache(2)
def _data(text: str, data_dir: object, cache_dir: object) -> data.ImageData:
    return data.load(text, data_dir=data_dir, cache_dir=cache_dir)
