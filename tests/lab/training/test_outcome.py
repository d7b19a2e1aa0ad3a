"""Outcomes: through JSON and back, and what makes two of them equal."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable

import pytest

from keras_norms.lab.edges.verdict import Verdict
from keras_norms.lab.errors import BadInput
from keras_norms.lab.training import Cost, Outcome, Run

pytestmark = pytest.mark.once


def outcome(**fields: object) -> Outcome:
    given = {
        "run": Run(depth=2, width=8, learning_rate=0.1),
        "verdict": Verdict.BLEW_UP,
        "blew_up_at": 19,
        "curve": {
            "step": (10, 20),
            "train_loss": (2.3, math.inf),
            "train_accuracy": (0.1, 1 / 3),
            "test_loss": (0.1 + 0.2, math.nan),
            "test_accuracy": (0.1, 0.1),
        },
        "cost": Cost(1.0, 2.0, 3.0),
        "probed": ({"p50": [0.1, math.nan]}, {"p50": [-math.inf, 1 / 3]}),
    }
    return Outcome(**given | fields)


def test_json_and_back_bit_for_bit():
    text = json.dumps(outcome().as_dict(), allow_nan=False)
    again = Outcome.from_dict(json.loads(text))
    assert again == outcome()
    assert again.cost == outcome().cost
    assert again.verdict is Verdict.BLEW_UP
    assert math.isnan(again.final("test_loss"))
    assert again.final("train_loss") == math.inf
    assert again.curve["test_loss"][0] == 0.1 + 0.2
    assert again.probed[1]["p50"] == [-math.inf, 1 / 3]


@pytest.mark.parametrize("verdict", Verdict)
def test_verdicts_come_back(verdict: Verdict):
    given = outcome(verdict=verdict, blew_up_at=None)
    again = Outcome.from_dict(json.loads(json.dumps(given.as_dict())))
    assert again.verdict is verdict
    assert again.blew_up_at is None


def test_cost_is_no_part_of_equality():
    assert outcome() == outcome(cost=Cost(9.0, 9.0, 9.0))
    assert hash(outcome()) == hash(outcome(cost=Cost(9.0, 9.0, 9.0)))


def test_everything_else_is():
    curve = outcome().curve
    for fields in (
        {"run": Run(depth=2, width=8, learning_rate=0.2)},
        {"verdict": Verdict.ALIVE},
        {"blew_up_at": 18},
        {"probed": ()},
        {"curve": curve | {"test_loss": (0.3, math.nan)}},
        {"curve": curve | {"test_loss": (0.1 + 0.2, math.inf)}},
    ):
        assert outcome(**fields) != outcome()
    assert outcome() != "an outcome"


def test_an_outcome_of_before_there_were_probes():
    content = outcome(probed=()).as_dict()
    del content["probed"]
    assert Outcome.from_dict(content) == outcome(probed=())


ANOTHER_VERSION = [
    (lambda c: c.update(colour="red"), "an outcome has no field 'colour'; it has .*'verdict'"),
    (lambda c: c.pop("cost"), "an outcome lacks its field 'cost'"),
    (lambda c: c["cost"].pop("cpu_seconds"), "a cost lacks its field 'cpu_seconds'"),
    (lambda c: c["cost"].update(joules=1.0), "a cost has no field 'joules'"),
    (lambda c: c["run"].update(optimiser="sgd"), "a run has no field 'optimiser'"),
    (lambda c: c["run"].pop("width"), "a run lacks its field 'width'"),
    (lambda c: c["curve"].pop("test_loss"), "a curve has the columns .*'test_loss'.*, not"),
    (lambda c: c.update(verdict="diverged"), "verdict='diverged' is none of .*'blew up'"),
    (lambda c: c.update(cost=1.5), "a cost has fields by name; 1.5 has none"),
]


@pytest.mark.parametrize(("change", "said"), ANOTHER_VERSION)
def test_what_another_version_wrote_is_refused_by_name(change: Callable, said: str):
    content = json.loads(json.dumps(outcome().as_dict()))
    change(content)
    with pytest.raises(BadInput, match=said):
        Outcome.from_dict(content)


def test_it_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        outcome().verdict = Verdict.ALIVE
