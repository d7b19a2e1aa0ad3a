"""Surgery: every architecture of keras.applications converted and folded; predict after a fold.

Question   Does surgery work on any finished model, and what does folding bring?
Networks   Every architecture of `keras.applications`, with random weights, the smallest image that
           it takes, and ten classes. Batch normalization is given a random gamma and beta and the
           statistics of some images, put off at random: otherwise a fold would be of nothing.
fold       The outputs agree with those before. In float64 to 1e-5 of the largest; in float32 to
           that too or, where the network itself is not computed as well, to twice its own rounding:
           its distance from itself in float64.
batch and  Keras's batch normalization to this library's and back: the same weights, the same
back       outputs to the last bit.
group, ... Converted so, the network runs, takes one step of SGD with a finite loss, is saved, and
           once loaded has the same outputs.
predict    `predict` of ResNet-50 on four batches, before and after the fold, in turns in one
           process, without XLA on TensorFlow and torch; JAX compiles. The ratio of CPU time, its
           median and quartiles over the rounds.
Found      With such statistics the EfficientNets magnify rounding, the larger ones to the size of
           their outputs, so that two float32 computations say nothing of one another; some folds
           exceed the bound there and count as failures. In float64 all agree.
Processes  One for each network. Steps are taken without a graph: to trace one takes longer.
Cost       About 40 CPU minutes for all; NAMES chooses.
Command    python -m benchmarks run surgery --out results
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import optuna
from optuna.trial import TrialState

from benchmarks.speed.measuring import origins
from benchmarks.surgery import architectures
from benchmarks.surgery.cells import ALL, PREDICT, Cell
from benchmarks.surgery.page import Finding, contents
from benchmarks.surgery.process import Ended, apart
from keras_norms.lab.errors import BadInput
from keras_norms.lab.lease import PROVENANCE, RUN, Lease, fail_dead
from keras_norms.lab.progress import Progress
from keras_norms.lab.report.page import Section

RESULT = "result"
PARTS = ("predict", "applications")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What is tried; `None` stands for all there is."""

    names: tuple[str, ...] | None = None
    parts: tuple[str, ...] = PARTS
    network: str = "ResNet50"
    side: int = 160
    batch: int = 8

    def __post_init__(self) -> None:
        known = architectures.names()
        for field, values, valid in (
            ("names", self.names or (), known),
            ("network", (self.network,), known),
            ("parts", self.parts, PARTS),
        ):
            for value in values:
                if value not in valid:
                    raise BadInput(f"{field}={value!r} is unknown; write some of {tuple(valid)}")
        for field in ("side", "batch"):
            if getattr(self, field) < 1:
                raise BadInput(f"{field}={getattr(self, field)} is no size; write 1 or more")

    @property
    def study(self) -> str:
        return "surgery"

    def cells(self) -> list[Cell]:
        """All that is wanted on the running backend."""
        backend = keras.config.backend()
        timed = [
            Cell(
                kind=PREDICT,
                name=self.network,
                backend=backend,
                side=self.side,
                batch=self.batch,
                threads=threads,
            )
            for threads in ((1, 2) if backend != "jax" else (ALL,))  # which JAX does not limit
        ]
        tried = [Cell(name=name, backend=backend) for name in self.names or architectures.names()]
        return timed * ("predict" in self.parts) + tried * ("applications" in self.parts)


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--names", nargs="+", metavar="NAME", help="architectures to try")
    parser.add_argument("--parts", nargs="+", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--network", metavar="NAME", help="whose predict is timed")
    parser.add_argument("--side", type=int, metavar="PIXELS", help="of its images")


def effort(settings: Settings) -> float:
    return float(len(settings.cells()))


def run(
    study: optuna.Study,
    settings: Settings,
    *,
    data_dir: str | Path | None = None,
    progress: Progress | None = None,
    apart: Callable[[Cell], Any] = apart,
) -> None:
    """Tries what no trial has, each in a process of its own; what ended badly is tried again."""
    progress = progress or Progress.silent()
    fail_dead(study)
    for cell in settings.cells():
        with progress.stage(str(cell), 1.0):
            lease = Lease.take(study, cell, {})
            if lease is None:
                continue
            try:
                with lease:
                    result = apart(cell)
            except Ended as error:
                print(f"{cell}: {error}", file=sys.stderr)
                continue
            lease.finish(0.0, **{RESULT: result})
            progress.spent(1.0)


def findings(study: optuna.Study) -> list[Finding]:
    """All that is finished."""
    trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return [
        Finding(
            Cell(**trial.user_attrs[RUN]), trial.user_attrs[RESULT], trial.user_attrs[PROVENANCE]
        )
        for trial in trials
        if RESULT in trial.user_attrs
    ]


def section(study: optuna.Study, settings: Settings, folder: Path) -> Section:
    """The part of the report: everything that the study has, of every backend."""
    found = findings(study)
    if not found:
        return Section("Surgery", ["Nothing is tried yet."])
    return Section(
        title="Surgery", card=__doc__ or "", provenance=origins(found), **contents(found)
    )
