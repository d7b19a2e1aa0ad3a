"""Experiments whose jobs are not done: their outcomes are made up, and the page is real."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_norms.lab.edges.verdict import Verdict
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.found import Found
from keras_norms.lab.ledger import Ledger, Record
from keras_norms.lab.provenance import provenance
from keras_norms.lab.publication import Part, publish
from keras_norms.lab.training import Cost, Outcome, Run
from keras_norms.lab.walk import Walk

Rule = Callable[[Any], Any]
IMAGES = 400  # of a test set


def trained(
    run: Run, *accuracies: float, verdict: str = "useful", probed: Sequence[dict[str, Any]] = ()
) -> Outcome:
    """A run with these test accuracies at even distances, and one answer of its probe at each."""
    points, right = len(accuracies), np.arange(IMAGES) < round(accuracies[-1] * IMAGES)
    steps = tuple(run.steps * (k + 1) // points for k in range(points))
    losses = {"train_loss": (1.0,) * points, "test_loss": (1.0,) * points}
    answers = [{"step": step, **row} for step, row in zip(steps, probed, strict=False)]
    return Outcome(
        run=run,
        verdict=Verdict(verdict),
        blew_up_at=run.steps - 1 if verdict == "blew up" else None,
        curve={"step": steps, **losses, "train_accuracy": accuracies, "test_accuracy": accuracies},
        cost=Cost(1.0, 2.0, 3.0),
        losses=np.ones(run.steps if run.steps < 1000 else 1, np.float32),
        accuracies=np.ones(1, np.float32),
        predictions=np.zeros(IMAGES, np.uint8) if run.keep_predictions else None,
        correct=right if run.keep_predictions else None,
        probed=dict.fromkeys(run.probes, answers),
    )


def finished(experiment: Experiment, folder: Path, outcome: Rule) -> Walk:
    """The plan at its end, all that it asked for kept in `folder`."""
    ledger = Ledger.open(folder)
    walk = Walk(experiment, ledger)
    while missing := walk.missing():
        for job in missing:
            made = {**provenance(), "seconds": 1.0}
            found = outcome(job)
            for part, content in (found.parts() if isinstance(job, Run) else {"": found}).items():
                ledger.put(Record(job.parts[part], {**job.as_dict(), "part": part}, content, made))
    return walk


def found(experiment: Experiment, folder: Path, outcome: Rule) -> Found:
    return finished(experiment, folder, outcome).found


def page(experiment: Experiment, folder: Path, outcome: Rule) -> str:
    """The page as Markdown."""
    walk = finished(experiment, folder, outcome)
    publish([Part(walk)], Ledger.open(folder), folder, "page")
    return (folder / "page.md").read_text()
