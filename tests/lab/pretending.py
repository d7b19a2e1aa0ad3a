"""Training that is pretended: an outcome by rule, at once, recorded in a real ledger."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from keras_norms.lab.edges.verdict import Verdict
from keras_norms.lab.job import Job
from keras_norms.lab.ledger import Ledger, Record
from keras_norms.lab.provenance import provenance
from keras_norms.lab.training import Cost, Outcome, Run
from keras_norms.lab.walk import Walk

Rule = Callable[[Run], Outcome]
IMAGES = 40  # of the test set that is pretended


def run(learning_rate: float = 0.1, seed: int = 0, **fields: Any) -> Run:
    """A small run; `depth` and `width` are the model's."""
    depth, width = fields.pop("depth", 2), fields.pop("width", 8)
    model = f"mlp:depth={depth},width={width}"
    return Run(**{"model": model, "steps": 20, **fields}, learning_rate=learning_rate, seed=seed)


def outcome(
    run: Run,
    verdict: Verdict = Verdict.USEFUL,
    accuracies: tuple[float, ...] = (0.5, 0.9),
    probed: dict[str, Any] | None = None,
) -> Outcome:
    """An outcome with the given test accuracies at even distances."""
    points = len(accuracies)
    loss = float("nan") if verdict.blown else 1.0
    right = np.arange(IMAGES) < round(accuracies[-1] * IMAGES)
    return Outcome(
        run=run,
        verdict=verdict,
        blew_up_at=run.steps - 1 if verdict.blown else None,
        curve={
            "step": tuple(run.steps * (k + 1) / points for k in range(points)),
            "train_loss": (loss,) * points,
            "train_accuracy": accuracies,
            "test_loss": (loss,) * points,
            "test_accuracy": accuracies,
        },
        cost=Cost(1.0, 2.0, 3.0),
        losses=np.full(run.steps, loss, np.float32),
        accuracies=np.full(run.steps, accuracies[-1], np.float32),
        predictions=right.astype(np.uint8) if run.keep_predictions else None,
        correct=right if run.keep_predictions else None,
        probed=probed or {},
    )


def by_rate(run: Run) -> Outcome:
    """Trains from 0.01 to 0.5, blows up above 3; accuracies differ a little from seed to seed."""
    if run.learning_rate > 3:
        return outcome(run, Verdict.BLEW_UP, (0.1, 0.3))
    if 0.01 <= run.learning_rate <= 0.5:
        differs = zlib.crc32(run.key.encode()) % 5 / 100
        return outcome(run, Verdict.USEFUL, (0.5 + differs, 0.9 + differs))
    return outcome(run, Verdict.UNTRAINED, (0.1, 0.1))


def complete(
    walk: Walk, ledger: Ledger, rule: Rule = by_rate, answers: dict[str, Any] | None = None
) -> list[Job]:
    """Records outcomes of whatever the plan wants until it is finished; the jobs, in order.

    Args:
        rule: of runs.
        answers: of computations, by the last part of their function's name; or what makes them
            of the job.
    """
    done = []
    while jobs := walk.missing():
        for job in jobs:
            for name, content in _contents(job, rule, answers or {}).items():
                made = {**provenance(), "seconds": 1.0}
                record = Record(job.parts[name], {**job.as_dict(), "part": name}, content, made)
                ledger.put(record, durable=False)
        done += jobs
        ledger.look()
    return done


@contextmanager
def unrendered() -> Iterator[None]:
    """Figures are drawn and their files left empty: rendering is most of a page's time.

    For a page that is written again, and whose files are not looked at.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Figure, "savefig", lambda figure, file, **_: Path(file).touch())
        yield


def _contents(job: Any, rule: Rule, answers: dict[str, Any]) -> dict[str, Any]:
    if isinstance(job, Run):
        return rule(job).parts()
    answer = answers[job.function.rpartition(".")[2]]
    return {"": answer(job) if callable(answer) else answer}
