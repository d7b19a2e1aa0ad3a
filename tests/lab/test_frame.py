from __future__ import annotations

import pytest

from keras_norms.lab.frame import curves, frame, provenance_line
from keras_norms.lab.trials import open_study, run_trials
from tests.lab.pretending import Pretended, run

pytestmark = pytest.mark.once


@pytest.fixture
def study(tmp_path):
    study = open_study("a", tmp_path / "trials.log")
    run_trials(study, [run(0.1, seed=1), run(10.0)], train=Pretended())
    return study


def test_a_row_a_run(study):
    rows = frame(study).set_index("learning_rate")
    assert rows.index.tolist() == [0.1, 10.0]
    assert rows.verdict.tolist() == ["alive", "blew up"]
    assert rows.test_accuracy.tolist() == [0.9, 0.3]
    assert rows.best_test_accuracy.tolist() == [0.9, 0.3]
    assert rows.blew_up_at.isna().tolist() == [True, False]
    assert rows.seed.tolist() == [1, 0]
    assert rows.wall_seconds.tolist() == [2.0, 2.0]
    assert rows.train_loss.isna().tolist() == [False, True]
    assert {"library", "device", "commit", "keras", "backend"} <= set(rows.columns)


def test_a_row_a_point(study):
    rows = curves(study)
    assert rows.step.tolist() == [10.0, 20.0] * 2
    assert rows.test_accuracy.tolist() == [0.5, 0.9, 0.1, 0.3]
    assert rows.learning_rate.tolist() == [0.1, 0.1, 10.0, 10.0]


def test_no_runs_no_rows(tmp_path):
    study = open_study("a", tmp_path / "trials.log")
    assert len(frame(study)) == len(curves(study)) == 0


def test_the_provenance_line_counts_the_runs_it_is_about(study):
    line = provenance_line(study, {run(0.1, seed=1).key})
    assert line.startswith("1 runs: keras-norms")
    assert "Keras 3" in line
