"""What a GPU alone can decide: planned with made-up outcomes, and without TensorFlow."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import gpu
from keras_norms.lab.ledger import Ledger
from keras_norms.lab.publication import Part, publish
from keras_norms.lab.walk import Walk
from tests.lab.pretending import complete

pytestmark = pytest.mark.once
ROOT = Path(__file__).parents[2]
SECONDS = {side: [1e-3, 2e-3, 1e-3] for side in ("floor", "ours", "Keras", "ours again")}
TIMED = {"seconds": SECONDS, "first call": dict.fromkeys(SECONDS, 1.0)}
WITHOUT = """
import importlib.abc
import sys


class Forbidden(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] == "tensorflow":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, Forbidden())
from benchmarks.__main__ import BENCHMARKS

code = BENCHMARKS.main(["gpu", "--dry-run", "--out", sys.argv[1]])
assert "tensorflow" not in sys.modules
assert "jax" in sys.modules, "the layers name the machine that they are measured on"
sys.exit(code)
"""


@pytest.fixture(autouse=True)
def as_before(monkeypatch):
    """The plan says which backend; what it says ends with the test."""
    monkeypatch.setenv("KERAS_BACKEND", os.environ.get("KERAS_BACKEND", "jax"))


def test_what_is_cheap_for_what_it_decides_comes_first():
    pieces = gpu.plan()
    assert [piece.name for piece in pieces[:2]] == ["layers", "comparison"]
    minutes = {piece.name: piece.minutes for piece in pieces}
    assert minutes["layers"] < gpu.MINUTES, "one piece at least is done in the minutes by default"
    assert max(minutes, key=minutes.__getitem__) == "accuracy-by-rate"


def test_the_pieces_are_of_full_size():
    made = {piece.name: piece.make() for piece in gpu.plan()}
    assert made["comparison"].data == "cifar10"
    assert made["accuracy-by-rate"].depth == 110
    assert made["accuracy-by-rate"].examples == 50_000
    assert made["largest-rates"].depths == made["frontier"].depths == (20, 32, 56, 110)
    assert {one.seeds for name, one in made.items() if name != "layers"} == {6}, "enough to decide"


@pytest.mark.parametrize("name", [piece.name for piece in gpu.plan()])
def test_a_piece_comes_to_its_page(name, tmp_path):
    (piece,) = [piece for piece in gpu.plan() if piece.name == name]
    experiment = piece.make()
    if hasattr(experiment, "most"):  # a search asks as many runs as it may
        experiment = replace(experiment, seeds=1, most=2, depths=(20, 32))
    ledger = Ledger.open(tmp_path / "records")
    walk = Walk(experiment, ledger)
    jobs = complete(walk, ledger, answers={"layer": TIMED})
    assert jobs
    assert walk.finished
    publish([Part(walk, gpu.SCALE)], ledger, tmp_path / "page", "report")
    assert experiment.title() in (tmp_path / "page" / "report.md").read_text()
    assert list((tmp_path / "page" / "tables").glob("*.csv"))


@pytest.mark.full
def test_it_needs_no_tensorflow(tmp_path):
    pytest.importorskip("jax")
    environment = {k: v for k, v in os.environ.items() if k != "KERAS_BACKEND"}
    environment["PYTHONPATH"] = str(ROOT)
    code = [sys.executable, "-c", WITHOUT, str(tmp_path / "out")]
    said = subprocess.run(code, env=environment, capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    assert "accuracy-by-rate: Bjorck" in said.stdout
    assert not (tmp_path / "out").exists()
