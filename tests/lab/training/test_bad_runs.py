"""Runs that cannot be: each names field, value and what to write instead."""

from __future__ import annotations

import math

import pytest

from keras_norms.lab.errors import BadInput
from keras_norms.lab.training import Run
from tests.lab.training.test_run import LEAST, run

pytestmark = pytest.mark.once

WHOLE, REAL = "a whole number of at least", "a positive and finite number"
BAD = [
    *((name, value, WHOLE) for name in ("batch", "steps", "seed", "evaluate_every")
      for value in (-1, 2.0, True, "8", None, math.nan)),
    ("steps", 0, WHOLE),
    *(("learning_rate", value, REAL) for value in ("0.1", None, True, 0, -0.1, math.nan, math.inf)),
    *(("stop_at", value, "in \\[0, 1\\]") for value in (-0.1, 1.1, math.nan, "1", True)),
    *((name, 3, "must be text") for name in
      ("data", "model", "normalizer", "optimizer", "schedule", "initializer", "backend")),
    ("normalizer", None, "text"),
    ("keep_predictions", 1, "True or False"),
    ("precision", "float16", r"one of \('float32', 'mixed_bfloat16'\)"),
    ("probes", ["ray"], "a tuple of specs"),
    ("probes", ("rye",), "unknown name 'rye'"),
    ("model", "vgg_", "Valid: .*mlp, .*resnet"),
    ("model", "mlp:depth=0", "depth=0 must be a whole number of at least 1"),
    ("model", "mlp:depht=2", "Did you mean 'depth'"),
    ("model", "mlp:activation=rleu", "activation='rleu' must be one of relu,"),
    ("model", "mlp:dropout=1", r"dropout=1 must be a number in \[0, 1\)"),
    ("model", "mlp:depth=2+mlp", "cannot be joined"),
    ("model", "mlp(plain)", "takes no parentheses"),
    ("model", "plain:depth=1", "depth=1 leaves no convolution"),
    *(("model", f"resnet:depth={depth}", rf"depth={depth} must be 6 n \+ 2")
      for depth in (2, 7, 18, 21)),
    ("data", "digits:size=-1", "size=-1 must be a whole number"),
    ("data", "digits:part=0.3", "one over a whole number"),
    ("data", "digits:evaluate_on=validation", "needs a share"),
    ("data", "digits:stream=true", "unknown argument 'stream'"),
    ("data", "mnist:stream=true,flip=true", "flip is of images in memory"),
    ("data", "mnist:distorted=true", "write stream=true"),
    ("optimizer", "adagrad", "Did you mean 'adam"),
    ("optimizer", "sgd:momentum=1", r"momentum=1 must be a number in \[0, 1\)"),
    ("optimizer", "sgd:nesterov=true", "write momentum="),
    ("optimizer", "sgd:applies_to=head", "one of all, body, kernels"),
    ("optimizer", "sgd:l2=-1", "l2=-1 must be a number of at least 0"),
    ("data", "digits:batch_classes=2,reshuffle=false", "leave reshuffle=false out"),
    ("data", "docs:batch_classes=2", "batch_classes is of images"),
    ("optimizer", "adamw:decay=inf", "decay=inf must be"),
    ("schedule", "cosign", "Did you mean 'cosine'"),
    ("initializer", "glorot", "Valid: default, he, xavier, lecun, orthogonal"),
    ("initializer", "he:gain=0", "gain=0 must be a positive number"),
    ("normalizer", "bacth", "Did you mean 'batch'"),
    ("normalizer", "batch:momentum=2", "momentum"),
    ("normalizer", "group:grups=8", "Did you mean 'groups'"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "instead"), BAD)
def test_bad_fields_are_named_with_value_and_way_out(name: str, value: object, instead: str):
    with pytest.raises(BadInput, match=instead) as caught:
        run(**{name: value})
    shown = value[0] if isinstance(value, tuple) else value
    assert f"Invalid {name}={shown!r}" in str(caught.value)


def test_a_probe_beyond_the_end_and_what_does_not_go_together():
    with pytest.raises(BadInput, match=r"at=201 is beyond the run's steps=200"):
        run(probes=("@mine.look:at=201",))
    with pytest.raises(BadInput, match=r"initializer='he'.*deviation=0.05"):
        run(model="mlp:deviation=0.05", initializer="he")
    with pytest.raises(BadInput, match=r"initializer='he'.*your own model"):
        run(model="@mine.build", initializer="he")


def test_dicts_that_are_no_runs():
    with pytest.raises(BadInput, match="no field 'colour'"):
        Run.from_dict(run().as_dict() | {"colour": "red"})
    with pytest.raises(BadInput, match=r"lacks.*'learning_rate'"):
        Run.from_dict({"model": "mlp"})
    with pytest.raises(BadInput, match="seed='8'"):
        Run.from_dict(LEAST | {"seed": "8"})
