"""The theory study from command to page, with pretended training and pretended curvature."""

from __future__ import annotations

import functools
import math
import re

import numpy as np
import pandas as pd
import pytest
from keras_norms.lab.edges.sharpness import Point

from keras_norms.lab import trials
from keras_norms.probes.curvature import Largest
from studies import charting, theory
from studies.__main__ import STUDIES
from tests.lab.pretending import Pretended

pytestmark = pytest.mark.once

SMALL = ["run", "theory", "--depths", "2", "--normalizers", "none", "layer", "--seeds", "2",
         "--steps", "20", "--low", "0.01", "--high", "10"]  # fmt: skip


class PretendedCurvature:
    """lambda_max = depth + seed at every step; `wanted` lists what was asked for."""

    def __init__(self) -> None:
        self.wanted = []
        self.before = lambda measurement: None

    def __call__(self, measurement):
        self.before(measurement)
        self.wanted.append(measurement)
        run = measurement.run
        for step in measurement.at:
            yield Point(step, Largest(run.depth + run.seed, 5, 1e-4, 2.3 + run.depth))


@pytest.fixture
def curvature(monkeypatch) -> PretendedCurvature:
    curvature = PretendedCurvature()
    pretended = functools.partial(trials.run_searches, train=Pretended())
    monkeypatch.setattr(charting, "run_searches", pretended)
    monkeypatch.setattr(theory, "measured_by", lambda data_dir: curvature)
    return curvature


def test_run_trains_the_frontier_measures_and_compares(curvature, tmp_path, capsys):
    assert STUDIES.main([*SMALL, "--out", str(tmp_path)]) == 0
    assert "Furthest off" in capsys.readouterr().out
    tidy = pd.read_csv(tmp_path / "tables" / "theory-digits-mlp.csv")
    assert len(tidy) == 2 * 2 * 5  # normalizers, seeds; steps 0, 1, 3, 10, 20
    assert set(tidy.step) == {0, 1, 3, 10, 20}
    assert ((tidy.rate - 2 / (tidy.depth + tidy.seed)).abs() < 1e-12).all()
    assert tidy[tidy.normalizer == "layer"].mean_field_rate.isna().all()
    assert tidy[tidy.normalizer == "none"].mean_field_rate.notna().all()
    # The pretended truth: trains up to 0.5, blows up above 3.
    assert np.log10(tidy.trains / 0.5).abs().max() < 0.1
    assert np.log10(tidy.blow_up / 3).abs().max() < 0.1
    table = (tmp_path / "tables" / "theory-digits-mlp.md").read_text()
    row = next(line for line in table.splitlines() if line.startswith("| layer"))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[2:6] == ["2.5 (2 to 3)", "4.3", "0.833", "–"]
    for cell, edge in zip(cells[6:8], ("trains", "blow_up"), strict=True):
        median, low, high = map(float, re.findall(r"[\d.]+", cell))
        assert low <= median <= high
        assert tidy[tidy.normalizer == "layer"][edge].between(low, high).all()
    ratio = tidy[tidy.normalizer == "layer"].trains.median() / (5 / 6)  # the median of 2/2 and 2/3
    assert float(cells[8]) == pytest.approx(ratio, rel=0.02)
    for name in ("theory-digits-mlp-agreement.md", "theory-digits-mlp-along.md"):
        assert (tmp_path / "tables" / name).exists()
    assert (tmp_path / "figures" / "theory-digits-mlp.png").exists()


def test_the_rate_along_training_is_half_a_decade_below_the_edge(curvature, tmp_path):
    STUDIES.main([*SMALL, "--out", str(tmp_path)])
    rates = {measurement.run.learning_rate for measurement in curvature.wanted}
    for rate in rates:
        assert math.log10(0.5 / rate) == pytest.approx(0.5, abs=0.1)


def test_a_second_call_measures_nothing_and_says_the_same(curvature, tmp_path):
    STUDIES.main([*SMALL, "--out", str(tmp_path)])
    page, asked = (tmp_path / "theory.html").read_bytes(), len(curvature.wanted)
    STUDIES.main([*SMALL, "--out", str(tmp_path)])
    assert len(curvature.wanted) == asked == 4
    assert (tmp_path / "theory.html").read_bytes() == page


def test_ctrl_c_loses_nothing_that_is_measured(curvature, tmp_path):
    def interrupted(measurement):
        if len(curvature.wanted) == 3:
            raise KeyboardInterrupt

    curvature.before = interrupted
    assert STUDIES.main([*SMALL, "--out", str(tmp_path)]) == 130
    assert STUDIES.main(["report", "--out", str(tmp_path)]) == 0
    assert "3 measurements" in (tmp_path / "report.md").read_text()
    curvature.before = lambda measurement: None
    assert STUDIES.main([*SMALL, "--out", str(tmp_path)]) == 0
    keys = [measurement.key for measurement in curvature.wanted]
    assert len(keys) == len(set(keys)) == 4


def test_every_measurement_is_a_trial_beside_the_frontiers(curvature, tmp_path):
    STUDIES.main([*SMALL, "--out", str(tmp_path)])
    study = trials.open_study("theory-digits-mlp", tmp_path / "trials.log")
    assert sorted(trial.value for trial in study.trials) == [2 / 3, 2 / 3, 1, 1]
    assert trials.open_study("frontier-digits-mlp", tmp_path / "trials.log").trials


def test_a_cell_that_does_not_train_is_measured_at_initialization():
    settings = theory.Settings(depths=(2,), steps=20)
    (program, *_) = theory.programs(settings)
    for measurement in theory.measurements(program, settings, {}):
        assert measurement.at == (0,)


def test_bad_input(curvature, tmp_path, capsys):
    assert STUDIES.main([*SMALL, "--out", str(tmp_path), "--examples", "1"]) == 2
    assert "examples=1" in capsys.readouterr().err
