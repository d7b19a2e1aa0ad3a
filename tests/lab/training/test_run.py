"""Runs: their keys, what shares a program, and every field that can be wrong."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import keras
import pytest

from keras_norms.lab.errors import BadInput
from keras_norms.lab.models.table import ACTIVATIONS
from keras_norms.lab.training import Run

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[3]
LEAST = {"model": "mlp:depth=2,width=8", "learning_rate": 0.1}
KEPT = '{"backend": "jax", "learning_rate": 0.1, "model": "mlp:depth=2,width=8", '
KEPT += '"normalizer": "group:groups=8", "steps": 100}'


def run(**fields: object) -> Run:
    return Run(**LEAST | fields)


def test_no_framework_is_imported_to_describe_and_read_a_run():
    """Keras and the backends take seconds, and a listing needs none of them."""
    code = """
        import json, sys
        from keras_norms.lab.training import Outcome, Run
        run = Run(model="resnet:depth=8", learning_rate=0.1, data="cifar10:size=16,flip=true",
                  normalizer="ws+group:groups=8", optimizer="adamw:decay=0.1", schedule="cosine")
        again = Run.from_dict(json.loads(json.dumps(run.as_dict())))
        assert again == run and again.key == run.key and run.program and run.effort and run.title
        loaded = {name.partition(".")[0] for name in sys.modules}
        print(run.backend, loaded & {"keras", "tensorflow", "jax", "torch", "optuna", "pandas"})
    """
    found = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={**os.environ, "KERAS_BACKEND": "jax", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == "jax set()"


def test_the_backend_is_read_as_keras_reads_it(tmp_path: Path):
    code = "from keras_norms.lab.backend import backend; print(backend())"
    for config, expected in (('{"backend": "torch"}', "torch"), ("{", "tensorflow"), ("", "jax")):
        (tmp_path / "keras.json").write_text(config)
        environment = {**os.environ, "KERAS_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
        environment.pop("KERAS_BACKEND", None)
        if not config:
            environment["KERAS_BACKEND"] = "jax"
        found = subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert found.stdout.strip() == expected
    assert run().backend == keras.config.backend()


def test_key_is_the_hash_of_what_is_not_at_its_default_for_good():
    """A finished run is found again by its key, so a key must never change."""
    given = run(normalizer="group:8", backend="jax", steps=100)
    assert given.key == hashlib.sha256(KEPT.encode()).hexdigest()[:16] == "8c9d9380aca07147"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"normalizer": "group:8"}, {"normalizer": " group:groups=8"}),
        ({"learning_rate": 1}, {"learning_rate": 1.0}),
        ({"model": "mlp:width=8,depth=2"}, {"model": "mlp: depth=2, width=8, activation=relu"}),
        ({"optimizer": "sgd:momentum=0"}, {"optimizer": "sgd"}),
        ({"optimizer": "sgd:rest_rate=0.5"}, {"optimizer": "sgd"}),
        ({"schedule": "warmup:9+cosine"}, {"schedule": "cosine + warmup:steps=9+constant"}),
        ({"data": "digits:part=1.0,reshuffle=true"}, {"data": "digits"}),
        ({"initializer": "he:gain=1"}, {"initializer": "he"}),
    ],
)
def test_equal_content_is_one_run(one: dict, other: dict):
    assert run(**one) == run(**other)
    assert run(**one).key == run(**other).key


OTHER = {
    "model": "inception:depth=1", "data": "mnist", "normalizer": "batch", "initializer": "he",
    "optimizer": "adam", "batch": 32, "steps": 100, "evaluate_every": 10, "learning_rate": 0.2,
    "schedule": "exponential:decay=0.5,every=9", "seed": 1, "backend": "none such",
    "precision": "mixed_bfloat16", "stop_at": 0.9, "keep_predictions": True,
}  # fmt: skip
ARGUMENTS = {"learning_rate", "schedule", "seed", "steps", "evaluate_every", "stop_at"}
ARGUMENTS |= {"keep_predictions", "initializer"}


def test_every_field_is_tried_here():
    assert {*OTHER, "probes"} == {field.name for field in dataclasses.fields(Run)}


@pytest.mark.parametrize("name", OTHER)
def test_every_field_is_in_the_key_and_all_but_the_arguments_in_the_program(name: str):
    other = run(**{name: OTHER[name]})
    assert other.key != run().key
    assert (other.program == run().program) == (name in ARGUMENTS)
    hash(other.program)


@pytest.mark.parametrize(
    ("field", "one", "other", "shared"),
    [
        ("optimizer", "sgd:l2=0.1", "sgd:l2=0.2", True),
        ("optimizer", "sgd:l2=0.1", "sgd", False),
        ("optimizer", "sgd:momentum=0.9", "sgd", False),
        ("optimizer", "sgd:applies_to=body", "sgd:applies_to=kernels,rest_rate=0.3", True),
        ("optimizer", "adam:applies_to=body", "adam:applies_to=body,rest_rate=0.3", True),
        ("optimizer", "adam:applies_to=body", "adam", False),
        ("data", "digits:reshuffle=false", "digits", True),
        ("data", "digits:batch_classes=2", "digits:batch_classes=5", True),
        ("data", "digits:flip=true", "digits", False),
    ],
)
def test_what_of_a_spec_is_compiled(field: str, one: str, other: str, shared: bool):
    one, other = run(**{field: one}), run(**{field: other})
    assert one.key != other.key
    assert (one.program == other.program) == shared


def test_probes_are_records_beside_the_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "mine.py").write_text("def look(model, data): return {}\n")
    monkeypatch.chdir(tmp_path)
    plain, probed = run(), run(probes=("@mine.look:at=3", "@mine.look:a=1", "@mine.look:at=(3)"))
    assert probed.key == plain.key
    assert probed.program == plain.program
    assert plain.parts == {"": plain.key}
    assert [*probed.parts] == ["", "@mine.look:a=1", "@mine.look:at=(3)"]
    assert len({*probed.parts.values()}) == 3
    assert all(key.startswith(plain.key) for key in probed.parts.values())
    assert probed.only({""}) == plain
    assert probed.only({"@mine.look:a=1"}).probes == ("@mine.look:a=1",)


def test_your_own_file_is_part_of_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    keys = set()
    for place, code in enumerate(("def build(): ...", "def build(): return 1", "def build(): ...")):
        (tmp_path / f"mine{place}.py").write_text(code)
        keys.add(run(model=f"@mine{place}.build:width=3").key)
    assert len(keys) == 3
    with pytest.raises(BadInput, match=r"model='@mine\.nothing'.*@module\.attribute"):
        assert run(model="@mine.nothing").key


def test_round_trip():
    for given in (run(), run(**OTHER), run(probes=("@mine.look",))):
        again = Run.from_dict(json.loads(json.dumps(given.as_dict())))
        assert again == given


def test_effort_counts_steps_layers_pixels_and_batch():
    for more in (
        {"steps": 400},
        {"model": "mlp:depth=8,width=8"},
        {"model": "mlp:depth=2,width=256"},
        {"batch": 512},
    ):
        assert run(**more).effort > run().effort
    resnet = run(model="resnet:depth=8")
    assert resnet.effort > run(model="mlp:depth=8").effort
    assert replace(resnet, data="cifar10").effort > resnet.effort
    assert replace(resnet, data="cifar10:size=8").effort == resnet.effort


replace = dataclasses.replace


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations_are_keras_activations(activation: str):
    assert callable(keras.activations.get(activation))
