"""A run as a job of the ledger: what it needs around it, and what it brings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from keras_norms.lab.training import checkpoint
from keras_norms.lab.training.trainer import train

if TYPE_CHECKING:
    from keras_norms.lab.training.run import Run


class Bench(Protocol):
    """Where a job is done.

    Attributes:
        data_dir: folder of the prepared sets of TensorFlow Datasets; None for its own default.
        checkpoints: folder in which interrupted runs are kept; None keeps none.
        on_step: called with the job and the share of it that is done.
        missing: names of the parts that are wanted.
        replicas: optional; whether runs on streams are trained on all devices of the machine.
    """

    data_dir: str | Path | None
    checkpoints: str | Path | None
    on_step: Callable[[Any, float], None]
    missing: set[str]


def do(run: Run, bench: Bench) -> dict[str, dict[str, Any]]:
    """Trains `run`, and gives the contents of its parts by name.

    The training and the probes that are missing; it is the same training with fewer of them. Its
    checkpoint stays until `checkpoint.remove`, which is for whoever has stored the parts.
    """
    wanted = run.only(bench.missing)
    with checkpoint.kept_in(bench.checkpoints):
        (outcome,) = train(
            [wanted],
            data_dir=bench.data_dir,
            on_step=lambda _, step: bench.on_step(run, step / run.steps),
            replicas=getattr(bench, "replicas", False),
        )
    return outcome.parts()


def forget(run: Run, bench: Bench) -> None:
    """Removes the checkpoint of a run whose parts are stored."""
    with checkpoint.kept_in(bench.checkpoints):
        checkpoint.remove(run)
