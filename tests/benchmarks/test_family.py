"""Every normalizer in a small network: the table, its files, and the exit code."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import keras_norms
from benchmarks import family, specs

pytestmark = pytest.mark.once


def test_every_name_has_a_spec():
    for name, spec in specs.every().items():
        assert name in {*keras_norms.get(spec).name.split("+")}


def test_the_table_and_its_files(tmp_path, capsys):
    arguments = [
        "--names",
        "batch",
        "none",
        "--steps",
        "24",
        "--seeds",
        "1",
        "--out",
        str(tmp_path),
    ]
    assert family.main(arguments) == 0
    (written,) = tmp_path.glob("*.csv")
    frame = pd.read_csv(written)
    assert list(frame["normalizer"]) == ["batch", "none"]
    assert (frame["last loss"] < frame["first loss"]).all()
    assert written.with_suffix(".md").read_text().splitlines()[0] in capsys.readouterr().out


def test_a_loss_that_does_not_fall_fails(monkeypatch):
    monkeypatch.setattr(family, "losses", lambda *given: list(np.linspace(1, 2, 30)))
    assert family.main(["--names", "batch"]) == 1


def test_the_loss_of_each_batch_and_not_their_running_mean():
    told = family.Losses()
    for batch, mean in enumerate([4.0, 3.0, 3.0]):
        told.on_train_batch_end(batch, {"loss": mean})
    assert told.values == [4.0, 2.0, 3.0]
