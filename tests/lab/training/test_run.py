"""Runs: their keys, what shares a program, and every field that can be wrong."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math

import keras
import pytest

from keras_norms.lab.errors import BadInput
from keras_norms.lab.training import Run

pytestmark = pytest.mark.once

LEAST = {"depth": 2, "width": 8, "learning_rate": 0.1}
CONTENT = (
    '{"activation": "relu", "backend": "jax", "batch": 64, "data": "digits", "depth": 2, '
    '"dropout": 0.0, "evaluate_every": 0, "l2": 0.0, "learning_rate": 0.1, "model": "mlp", '
    '"momentum": 0.0, "normalizer": "group:groups=8", "optimizer": "sgd", '
    '"precision": "float32", "schedule": "constant", "seed": 0, "steps": 200, "width": 8}'
)

# Fields that came later: left out of the hash where they are at these values.
LATER = {"reshuffle": True, "applies_to": "all", "rest_rate": 0.1}


def run(**fields: object) -> Run:
    return Run(**LEAST | fields)


def test_key_is_the_hash_of_the_content_for_good():
    """A finished run is found again by its key, so a key must never change."""
    given = run(normalizer="group:8", backend="jax")
    assert json.loads(CONTENT) | LATER == given.as_dict()
    assert given.key == hashlib.sha256(CONTENT.encode()).hexdigest()[:16] == "5ba01597eced194a"


def test_equal_content_is_one_run():
    assert run(normalizer="group:8") == run(normalizer=" group:groups=8")
    assert run(momentum=0, dropout=0, l2=0, learning_rate=1) == run(learning_rate=1.0)
    assert run(learning_rate=1).key == run(learning_rate=1.0).key


OTHER = {
    "data": "mnist", "model": "inception", "depth": 3, "width": 9, "normalizer": "batch",
    "activation": "tanh", "dropout": 0.1, "momentum": 0.9, "l2": 1e-4, "batch": 32,
    "steps": 100, "evaluate_every": 10, "learning_rate": 0.2,
    "schedule": "exponential:decay=0.5,every=9", "seed": 1, "backend": "none such",
    "precision": "mixed_bfloat16", "reshuffle": False, "applies_to": "kernels",
}  # fmt: skip
ARGUMENTS = {"learning_rate", "schedule", "seed", "steps", "evaluate_every"}
ARGUMENTS |= {"reshuffle", "applies_to"}


def test_every_field_is_tried_here():
    assert {*OTHER, "optimizer", "rest_rate"} == {field.name for field in dataclasses.fields(Run)}


@pytest.mark.parametrize("name", OTHER)
def test_every_field_is_in_the_key_and_all_but_the_arguments_in_the_program(name: str):
    other = run(**{name: OTHER[name]})
    assert other.key != run().key
    assert (other.program == run().program) == (name in ARGUMENTS)
    hash(other.program)


def test_of_the_penalty_only_whether_there_is_one_is_compiled():
    assert run(l2=0.1).program == run(l2=0.2).program != run().program


def test_the_rate_of_the_rest_says_nothing_where_there_is_no_rest():
    assert run(rest_rate=0.2) == run()
    body = run(applies_to="body")
    assert run(applies_to="body", rest_rate=0.2).key != body.key
    assert run(applies_to="body", rest_rate=0.2).program == body.program


def test_round_trip():
    for given in (run(), run(**OTHER)):
        again = Run.from_dict(json.loads(json.dumps(given.as_dict())))
        assert again == given
        assert again.key == given.key


def test_the_backend_is_the_running_one():
    assert run().backend == keras.config.backend()


WHOLE, REAL = "a whole number from", "a number"
BAD = [
    *((name, value, WHOLE) for name in ("depth", "width", "batch", "steps")
      for value in (0, -1, 2.0, True, "8", None, math.nan)),
    *((name, value, WHOLE) for name in ("seed", "evaluate_every")
      for value in (-1, 1.5, False, "1", None)),
    *((name, value, REAL) for name in ("learning_rate", "momentum", "dropout", "l2", "rest_rate")
      for value in ("0.1", None, True)),
    *(("learning_rate", value, "positive and finite") for value in (0, -0.1, math.nan, math.inf)),
    *((name, value, r"in \[0, 1\)") for name in ("momentum", "dropout")
      for value in (-0.1, 1, 1.5, math.nan)),
    *((name, value, "at least 0") for name in ("l2", "rest_rate")
      for value in (-1e-4, math.nan, math.inf)),
    ("applies_to", "head", r"one of \('all', 'body', 'kernels'\)"),
    *((name, 3, "text") for name in
      ("data", "model", "normalizer", "activation", "schedule", "backend")),
    ("normalizer", None, "text"),
    ("reshuffle", 1, "True or False"),
    ("optimizer", "adam", r"one of \('sgd',\)"),
    ("precision", "float16", r"one of \('float32', 'mixed_bfloat16'\)"),
    ("model", "vgg", r"one of \[.*'inception', .*'mlp', .*'resnet'\]"),
    ("activation", "rleu", "rleu"),
    ("schedule", "cosine", "'constant' or 'exponential"),
    ("normalizer", "bacth", "Did you mean 'batch'"),
    ("normalizer", "batch:momentum=2", "momentum"),
    ("normalizer", "group:grups=8", "Did you mean 'groups'"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "instead"), BAD)
def test_bad_fields_are_named_with_value_and_way_out(name: str, value: object, instead: str):
    with pytest.raises(BadInput, match=instead) as caught:
        run(**{name: value})
    assert f"{name}={value!r}" in str(caught.value)


@pytest.mark.parametrize("depth", [2, 7, 18, 21])
def test_a_resnet_of_no_such_depth_is_refused_before_data_are_read(depth: int):
    with pytest.raises(BadInput, match=rf"depth={depth} must be 6 n \+ 2"):
        run(model="resnet", depth=depth)


def test_dicts_that_are_no_runs():
    with pytest.raises(BadInput, match="no field 'colour'"):
        Run.from_dict(run().as_dict() | {"colour": "red"})
    with pytest.raises(BadInput, match=r"lacks.*'width'"):
        Run.from_dict({"depth": 2, "learning_rate": 0.1})
    with pytest.raises(BadInput, match="width='8'"):
        Run.from_dict(LEAST | {"width": "8"})
