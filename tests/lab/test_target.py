"""Targets: the words of their verdicts, and groups of all that a storage has."""

from __future__ import annotations

import pytest

from keras_norms.lab.errors import BadInput
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.inequality import all_of
from keras_norms.lab.job import Computation
from keras_norms.lab.ledger import Ledger, Record
from keras_norms.lab.provenance import provenance
from keras_norms.lab.quantity import Quantity
from keras_norms.lab.target import Target, counted
from keras_norms.lab.walk import Recorded, Walk

pytestmark = pytest.mark.once


def ratio(*values: float) -> Quantity:
    return Quantity("ratio", dict(enumerate(values)))


def test_verdicts_are_in_the_words_of_targets():
    reached, missed = ratio(*[0.9] * 6) <= 1, ratio(*[1.1] * 6) <= 1
    undecided = ratio(*[0.9] * 5, 1.1) <= 1
    verdicts = [Target("fast", holds, pairs="rounds").verdict for holds in (reached, missed)]
    assert verdicts == ["reached", "missed"]
    open_one = Target("fast", undecided, pairs="rounds")
    assert open_one.verdict == "undecided (5 of 6 rounds agree)"
    # Machines may have been measured with other rounds.
    both = Target("fast on both", all_of(reached, ratio(*[1.1] * 9) <= 1))
    assert both.verdict == "missed"
    found = [both, open_one, Target("fast", reached)]
    assert counted(found) == "3 targets: 1 reached, 1 missed, 1 undecided."


def test_a_target_needs_an_inequality():
    with pytest.raises(BadInput, match="write an inequality"):
        Target("fast", True)


class Everything(Experiment):
    """Two jobs of its own beside all that the storage has."""

    def plan(self):
        jobs = [Computation("toys.timed", {"machine": "here", "n": n}) for n in range(2)]
        yield {"jobs": jobs, "all": Recorded("toys.timed")}


def put(ledger: Ledger, job: Computation, outcome: float) -> None:
    ledger.put(Record(job.key, {**job.as_dict(), "part": ""}, outcome, provenance()))


def test_a_recorded_group_has_what_others_found_and_grows(tmp_path):
    ledger = Ledger.open(tmp_path)
    put(ledger, Computation("toys.timed", {"machine": "there"}, backend="jax"), 7.0)
    put(ledger, Computation("toys.other", {"machine": "there"}), 8.0)
    walk = Walk(Everything(), ledger)
    first, second = walk.missing()
    assert list(walk.found["all"]) == [7.0]
    put(ledger, first, 1.0)
    assert walk.missing() == [second]
    assert sorted(walk.found["all"]) == [1.0, 7.0]
    put(ledger, second, 2.0)
    assert walk.missing() == []
    assert walk.finished
    assert sorted(walk.found["all"]) == [1.0, 2.0, 7.0]
    assert {job.backend for job in walk.found["all"].jobs} == {"", "jax"}
    assert len(walk.found.jobs) == 3


class Two(Experiment):
    """Two groups."""

    def plan(self):
        yield {name: [Computation("toys.timed", {"n": name})] for name in "ab"}


def test_what_is_found_is_in_the_plans_order(tmp_path):
    ledger = Ledger.open(tmp_path)
    walk = Walk(Two(), ledger)
    first, second = walk.missing()
    put(ledger, second, 2.0)
    assert walk.missing() == [first]
    assert list(walk.found) == ["b"]
    put(ledger, first, 1.0)
    assert walk.missing() == []
    assert list(walk.found) == ["a", "b"]
