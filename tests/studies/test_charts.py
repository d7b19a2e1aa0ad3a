"""The studies of batch size and of group size, with pretended training."""

from __future__ import annotations

import functools

import pandas as pd
import pytest

from keras_norms.lab import trials
from keras_norms.lab.errors import BadInput
from studies import batch_size, charting, group_size
from studies.__main__ import STUDIES
from tests.lab.pretending import Pretended

pytestmark = pytest.mark.once

SHORT = ["--seeds", "1", "--steps", "20", "--low", "0.01", "--high", "10", "--most", "5"]


@pytest.fixture
def train(monkeypatch: pytest.MonkeyPatch) -> Pretended:
    train = Pretended()
    monkeypatch.setattr(charting, "run_trials", functools.partial(trials.run_trials, train=train))
    return train


def test_batch_size_has_edges_and_accuracy_of_every_cell(train, tmp_path):
    command = ["run", "batch_size", "--batches", "2", "8", "--normalizers", "layer", *SHORT]
    assert STUDIES.main([*command, "--out", str(tmp_path)]) == 0
    assert [run.batch for run in train.trained] == sorted(
        (run.batch for run in train.trained), reverse=True
    )
    tables = tmp_path / "tables"
    edges = pd.read_csv(tables / "batch_size-digits-mlp.csv")
    assert edges["batch size"].tolist() == [8, 2]
    accuracy = pd.read_csv(tables / "batch_size-digits-mlp-accuracy.csv")
    assert accuracy.test_accuracy.tolist() == [0.9, 0.9]  # what trains, in the pretended world
    assert accuracy.learning_rate.between(0.01, 0.5).all()
    assert (tmp_path / "figures" / "batch_size-digits-mlp-accuracy.png").exists()


def test_group_size_goes_from_layer_to_instance(train, tmp_path):
    command = ["run", "group_size", "--groups", "-1", "1", *SHORT]
    assert STUDIES.main([*command, "--out", str(tmp_path)]) == 0
    table = (tmp_path / "tables" / "group_size-digits-resnet.md").read_text()
    assert table.index("1 (layer)") < table.index("channels (instance)")
    assert "50.00" in table  # a second for 20 steps
    assert (tmp_path / "figures" / "group_size-digits-resnet.png").exists()


@pytest.mark.parametrize(
    ("settings", "fields", "named"),
    [(batch_size.Settings, {"batches": (4, 0)}, "batch=0"),
     (batch_size.Settings, {"normalizers": ()}, "normalizers"),
     (group_size.Settings, {"groups": ()}, "groups"),
     (group_size.Settings, {"low": 1.0, "high": 0.1}, "low=1.0, high=0.1")],
)  # fmt: skip
def test_bad_input(settings, fields, named):
    with pytest.raises(BadInput, match=named):
        settings(**fields)
