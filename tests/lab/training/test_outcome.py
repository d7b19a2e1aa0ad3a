"""Outcomes: through JSON and back, and what makes two of them equal."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable

import numpy as np
import pytest

from keras_norms.lab.edges.verdict import Verdict
from keras_norms.lab.errors import BadInput
from keras_norms.lab.training import Cost, Outcome, Run

pytestmark = pytest.mark.once


def outcome(**fields: object) -> Outcome:
    given = {
        "run": Run(model="mlp:depth=2", learning_rate=0.1, probes=("@mine.look",)),
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
        "losses": np.array([2.3, math.inf], np.float32),
        "accuracies": np.array([0.1, 1 / 3], np.float32),
        "predictions": np.array([3, 255], np.uint8),
        "probed": {"@mine.look": [{"step": 10, "p50": [0.1, math.nan]}, {"a": {"b": -math.inf}}]},
    }
    return Outcome(**given | fields)


def there_and_back(given: Outcome) -> Outcome:
    return given.run.read(json.loads(json.dumps(given.parts(), allow_nan=False)))


def test_json_and_back_bit_for_bit():
    again = there_and_back(outcome())
    assert again == outcome()
    assert again.cost == outcome().cost
    assert again.verdict is Verdict.BLEW_UP
    assert math.isnan(again.final("test_loss"))
    assert again.final("train_loss") == math.inf
    assert again.curve["test_loss"][0] == 0.1 + 0.2
    assert math.isnan(again.probed["@mine.look"][0]["p50"][1])
    assert again.probed["@mine.look"][1] == {"a": {"b": -math.inf}}
    assert again.losses.tolist() == outcome().losses.tolist()
    assert again.accuracies.dtype == np.float32
    assert again.predictions.tolist() == [3, 255]
    assert there_and_back(outcome(predictions=None)).predictions is None


@pytest.mark.parametrize("verdict", Verdict)
def test_verdicts_come_back(verdict: Verdict):
    given = outcome(verdict=verdict, blew_up_at=None)
    again = there_and_back(given)
    assert again.verdict is verdict
    assert again.blew_up_at is None


def test_cost_is_no_part_of_equality():
    assert outcome() == outcome(cost=Cost(9.0, 9.0, 9.0))
    assert hash(outcome()) == hash(outcome(cost=Cost(9.0, 9.0, 9.0)))


def test_everything_else_is():
    curve = outcome().curve
    for fields in (
        {"run": Run(model="mlp:depth=2", learning_rate=0.2)},
        {"verdict": Verdict.ALIVE},
        {"blew_up_at": 18},
        {"probed": {}},
        {"losses": np.array([2.3, math.nan], np.float32)},
        {"accuracies": np.array([0.1, 0.3], np.float32)},
        {"predictions": np.array([3, 254], np.uint8)},
        {"curve": curve | {"test_loss": (0.3, math.nan)}},
        {"curve": curve | {"test_loss": (0.1 + 0.2, math.inf)}},
    ):
        assert outcome(**fields) != outcome()
    assert outcome() != "an outcome"


def test_what_is_asked_of_a_curve():
    given = outcome(curve=outcome().curve | {"test_accuracy": (0.5, 0.4), "test_loss": (2.0, 1.5)})
    assert given.final("test_accuracy") == 0.4
    assert given.best("test_accuracy") == 0.5
    assert given.best("test_loss") == 1.5
    assert given.steps_to("test_accuracy", 0.4) == 10
    assert given.steps_to("test_accuracy", 0.6) == math.inf
    assert given.steps_to("test_loss", 1.5) == 20
    with pytest.raises(BadInput, match=r"metric='accuracy'.*one of"):
        given.final("accuracy")


ANOTHER_VERSION = [
    (lambda c: c.update(colour="red"), "an outcome has no field 'colour'; it has .*'verdict'"),
    (lambda c: c.pop("cost"), "an outcome lacks its field 'cost'"),
    (lambda c: c["cost"].pop("cpu_seconds"), "a cost lacks its field 'cpu_seconds'"),
    (lambda c: c["cost"].update(joules=1.0), "a cost has no field 'joules'"),
    (lambda c: c["curve"].pop("test_loss"), "a curve has the columns .*'test_loss'.*, not"),
    (lambda c: c.update(verdict="diverged"), "verdict='diverged' is none of .*'blew up'"),
    (lambda c: c.update(cost=1.5), "a cost has fields by name; 1.5 has none"),
]


@pytest.mark.parametrize(("change", "said"), ANOTHER_VERSION)
def test_what_another_version_wrote_is_refused_by_name(change: Callable, said: str):
    content = json.loads(json.dumps(outcome().as_dict()))
    change(content)
    with pytest.raises(BadInput, match=said):
        outcome().run.read({"": content})


def test_it_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        outcome().verdict = Verdict.ALIVE
