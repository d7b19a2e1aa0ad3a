"""The command line on a model of one's own, in a fresh file."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from studies import own_model

pytestmark = pytest.mark.once

SOURCE = """
import keras, numpy as np

def build():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model

x = np.ones((64, 2), "float32")
data = x, x[:, :1]

def batches():
    return [data]
"""
FEW = ["--runs", "3", "--seeds", "1", "--steps", "12"]


@pytest.fixture
def module(tmp_path, monkeypatch):
    (tmp_path / "a_users_model.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    return "a_users_model"


@pytest.mark.parametrize("name", ["data", "batches"])
def test_finds_prints_and_writes(module, name, tmp_path, capsys):
    given = ["--model", f"{module}:build", "--data", f"{module}:{name}", "--out", str(tmp_path)]
    assert own_model.main([*given, *FEW]) == 0
    assert "blows up above" in capsys.readouterr().out
    assert len(pd.read_csv(tmp_path / "max_learning_rate.csv")) == 3
    assert (tmp_path / "max_learning_rate.png").stat().st_size > 10_000


def test_reads_a_file_of_arrays(tmp_path):
    np.savez(tmp_path / "it.npz", x=np.ones((3, 2)), y=np.zeros(3))
    x, y = own_model.read(str(tmp_path / "it.npz"))
    assert x.shape == (3, 2)
    assert y.shape == (3,)


@pytest.mark.parametrize(
    ("model", "data", "said"),
    [
        ("build", "{m}:data", "model='build' names nothing"),
        ("{m}:nothing", "{m}:data", "model='.*nothing' cannot be found"),
        ("no_such_module:build", "{m}:data", "no_such_module"),
        ("{m}:build", "absent.npz", "data='absent.npz' is no file"),
    ],
)
def test_what_cannot_be_found(module, model, data, said, tmp_path, capsys):
    given = ["--model", model.format(m=module), "--data", data.format(m=module)]
    assert own_model.main([*given, "--out", str(tmp_path), *FEW]) == 2
    assert re.search(said, capsys.readouterr().err)
