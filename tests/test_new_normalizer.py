"""A new normalizer is one file, with an oracle and a case beside it in the tests."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).parent.parent
SEEN = """
import keras, keras_norms
from benchmarks.speed.cells import normalizers
from keras_norms.schemes.table import table
kind = keras_norms.layers.NewNormalization
block = keras_norms.get("new")(keras.layers.Dense(4), "relu")
assert type(block.layers[1]) is kind, block.layers
assert keras_norms.get(kind).name == "new"
assert normalizers()["new"] == "new"
(row,) = [line for line in table().splitlines() if "NewNormalization" in line]
assert "`new`" in row and "Somebody 2026" in row and "scale" in row, row
print("seen")
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A copy of this one, with three files more: those of RMS normalization under another name."""
    copy = tmp_path_factory.mktemp("house")
    for part in ("keras_norms", "tests", "benchmarks", "studies"):
        leave = shutil.ignore_patterns("__pycache__", "results")
        shutil.copytree(ROOT / part, copy / part, ignore=leave)
    shutil.copy(ROOT / "setup.cfg", copy)
    for folder, old, new in (
        ("keras_norms/layers", "rms", "new"),
        ("tests/oracles", "rms", "new"),
        ("tests/layers", "test_rms", "test_new"),
    ):
        text = (ROOT / folder / f"{old}.py").read_text()
        text = re.sub(
            r"from keras_norms.layers import RMS", "from keras_norms.layers.new import RMS", text
        )
        text = re.sub(r"(?<!keras\.layers\.)RMSNormalization", "NewNormalization", text)
        text = text.replace('"rms", paper="Zhang & Sennrich 2019"', '"new", paper="Somebody 2026"')
        text = re.sub(r"\brms\b", "new", text)
        (copy / folder / f"{new}.py").write_text(text)
    return copy


def run(house, *command):
    backend = {"KERAS_BACKEND": os.environ.get("KERAS_BACKEND", "jax")}
    ended = subprocess.run(
        [sys.executable, *command],
        cwd=house,
        env={**os.environ, **backend},
        capture_output=True,
        text=True,
    )
    return ended.returncode, ended.stdout + ended.stderr


def test_registry_benchmark_and_table_see_it(house):
    code, said = run(house, "-c", SEEN)
    assert code == 0, said
    assert "seen" in said.splitlines()


def test_the_conformance_suite_runs_on_it_and_would_miss_it(house):
    pytest_on = ("-m", "pytest", "-q", "-p", "no:cacheprovider")
    every = "tests/layers/test_every_layer.py"
    code, said = run(
        house, *pytest_on, every, "tests/layers/test_new.py", "-k", "every or out_of_range"
    )
    assert code == 0, said
    assert "passed" in said
    case = house / "tests/layers/test_new.py"
    case.rename(house / "case")
    code, said = run(house, *pytest_on, every)
    (house / "case").rename(case)
    assert code == 1, said
    assert "NewNormalization" in said


def test_a_name_is_given_once():
    from keras_norms.layers.registration import normalizer

    with pytest.raises(ValueError, match="'batch' is taken by BatchNormalization"):
        normalizer("batch", paper="")(type("Other", (), {}))
