"""From runs to outcomes."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from pathlib import Path

from keras_norms.lab import data
from keras_norms.lab.training.outcome import Cost as Cost
from keras_norms.lab.training.outcome import Outcome as Outcome
from keras_norms.lab.training.program import OnPoint, OnStep, Program, require_backend
from keras_norms.lab.training.program import Probe as Probe
from keras_norms.lab.training.run import Run as Run

KEPT_PROGRAMS = 16


def train(
    runs: Iterable[Run],
    *,
    data_dir: str | Path | None = None,
    cache_dir: str | Path | None = None,
    on_step: OnStep | None = None,
    on_point: OnPoint | None = None,
    probe: Probe | None = None,
) -> Iterator[Outcome]:
    """Train runs, and yield the outcome of each as it finishes.

    A function of the runs alone: the same run gives the same outcome, bit for bit on one backend,
    device and number of threads, whatever is trained before it. Runs of one `program` follow one
    another and share what is compiled; the last few programs are kept for later calls. Within
    `checkpoint.kept_in(folder)` a run that was killed in the middle goes on from there.

    Args:
        runs: what to train.
        data_dir, cache_dir: see `keras_norms.lab.data.load`.
        on_step: called with a run and the number of steps it has done, every few steps.
        on_point: called with a run and each point of its curve, by column, as it is measured; what
            it raises ends the run there, without an outcome. A run that goes on from a checkpoint
            tells the points before it at once.
        probe: called with the model and its data at each evaluation; the outcome keeps its answers.

    Raises:
        BadInput: data that are not there, or a run that cannot be or does not fit into memory.
    """
    groups: dict[tuple, list[Run]] = {}
    for run in runs:
        require_backend(run)
        groups.setdefault(run.program, []).append(run)
    for content, group in groups.items():
        program = _program(content, data_dir, cache_dir)
        for run in group:
            yield program.train(run, on_step, on_point, probe)


@functools.lru_cache(KEPT_PROGRAMS)
def _program(content: tuple, data_dir: object, cache_dir: object) -> Program:
    run = Run(**dict(content), learning_rate=1.0)
    return Program(run, _data(run.data, data_dir, cache_dir))


@functools.lru_cache(2)
def _data(name: str, data_dir: object, cache_dir: object) -> data.ImageData:
    return data.load(name, data_dir=data_dir, cache_dir=cache_dir)
