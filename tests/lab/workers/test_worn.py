"""A process that has compiled enough gives way to a fresh one; nothing is done twice or left."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pytest

from keras_norms.lab.execution import work
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.job import Bench
from keras_norms.lab.ledger import Ledger
from keras_norms.lab.training import Run
from keras_norms.lab.walk import Walk
from keras_norms.lab.workers import supervisor
from keras_norms.lab.workers.protocol import Message
from tests.lab.pretending import outcome, run

pytestmark = pytest.mark.once

WIDTHS = range(8, 18)


@dataclass(frozen=True, kw_only=True)
class Programs(Experiment):
    """One program a width."""

    def plan(self):
        yield {f"width {width}": self.paired(run(width=width)) for width in WIDTHS}


@pytest.fixture
def trained(monkeypatch) -> Counter:
    """How often each training was done; nothing is trained."""
    counted: Counter = Counter()

    def do(self: Run, bench: Bench):
        counted[self.key] += 1
        return outcome(self).parts()

    monkeypatch.setattr(Run, "do", do)
    monkeypatch.setattr(Run, "finished", lambda self, bench: None)
    return counted


def test_it_stops_before_one_program_too_many(trained, tmp_path):
    lives = 0
    for seeds in (2, 3):
        while True:
            ledger = Ledger.open(tmp_path)
            walk, before = Walk(Programs(seeds=seeds), ledger), Counter(trained)
            done = work([walk], ledger, Bench(), most_programs=3)
            lives += 1
            compiled = {key for key in trained if trained[key] > before[key]}
            assert len(compiled) <= 3 * seeds
            if done:
                break
    assert lives == 2 * -(-len(WIDTHS) // 3)
    assert set(trained.values()) == {1}
    assert len(trained) == 3 * len(WIDTHS)


def test_without_a_limit_one_life_is_enough(trained, tmp_path):
    ledger = Ledger.open(tmp_path)
    assert work([Walk(Programs(seeds=2), ledger)], ledger, Bench())
    assert set(trained.values()) == {1}


class Member:
    """A worker that has said its last word."""

    def __init__(self, word: str) -> None:
        self.name, self._word = "worker", [Message("started", [1]), Message(word)]

    def messages(self) -> list[Message]:
        said, self._word = self._word, []
        return said

    def lost(self) -> None:
        return None

    def stop(self) -> None: ...


def test_a_worn_worker_is_replaced_however_often(tmp_path, monkeypatch):
    words, launched = ["worn"] * 7 + ["done"], []

    def launch(task, workers):
        launched.append(words.pop(0))
        return [Member(launched[-1])]

    monkeypatch.setattr(supervisor, "LOOK", 0)
    monkeypatch.setattr(supervisor, "_launcher", lambda name: type("L", (), {"launch": launch}))
    progress = type("Quiet", (), {"show": lambda *_: None, "heard": lambda *_: None})()
    supervisor.share(None, 1, "local", progress, Ledger.open(tmp_path), [])
    assert launched == ["worn"] * 7 + ["done"]
