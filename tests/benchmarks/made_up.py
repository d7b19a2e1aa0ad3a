"""Experiments whose jobs are not done: their outcomes are made up, and the page is real."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from keras_norms.lab.experiment import Experiment
from keras_norms.lab.found import Found
from keras_norms.lab.job import Computation
from keras_norms.lab.ledger import Ledger, Record
from keras_norms.lab.provenance import provenance
from keras_norms.lab.publication import Part, publish
from keras_norms.lab.walk import Walk

Outcome = Callable[[Computation], Any]


def finished(experiment: Experiment, folder: Path, outcome: Outcome) -> Walk:
    """The plan at its end, all that it asked for kept in `folder`."""
    ledger = Ledger.open(folder)
    walk = Walk(experiment, ledger)
    while missing := walk.missing():
        for job in missing:
            made = {**provenance(), "seconds": 1.0}
            ledger.put(Record(job.key, {**job.as_dict(), "part": ""}, outcome(job), made))
    return walk


def found(experiment: Experiment, folder: Path, outcome: Outcome) -> Found:
    return finished(experiment, folder, outcome).found


def page(experiment: Experiment, folder: Path, outcome: Outcome) -> str:
    """The page as Markdown."""
    walk = finished(experiment, folder, outcome)
    publish([Part(walk)], Ledger.open(folder), folder, "page")
    return (folder / "page.md").read_text()
