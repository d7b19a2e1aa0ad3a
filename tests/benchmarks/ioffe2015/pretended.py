"""Training that is pretended, with what a probe would have seen."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from benchmarks.ioffe2015 import groups
from keras_norms.lab.edges.verdict import Verdict
from keras_norms.lab.training import Outcome, Run
from tests.lab.pretending import outcome

Rule = Callable[[Run], Outcome]


def trains(run: Run, *accuracies: float, probed: Iterable[dict[str, Any]] = ()) -> Outcome:
    one = outcome(run, Verdict.ALIVE, accuracies)
    return dataclasses.replace(one, probed=tuple(probed))


def fails(run: Run, verdict: Verdict, accuracy: float = 0.1) -> Outcome:
    return outcome(run, verdict, (accuracy,))


def pretend(monkeypatch: pytest.MonkeyPatch, rule: Rule) -> list[Run]:
    """Puts a rule in the place of training; returns the list of runs that it is asked for."""
    trained: list[Run] = []

    def train(runs, *, data_dir=None, on_step, probe=None) -> Iterator[Outcome]:
        for run in runs:
            trained.append(run)
            on_step(run, run.steps)
            yield rule(run)

    monkeypatch.setattr(groups.training, "train", train)
    return trained
