"""The speed benchmark from command to page, small: kept, gone on with, told."""

from __future__ import annotations

import dataclasses
import functools

import pandas as pd
import pytest

from benchmarks.__main__ import BENCHMARKS
from benchmarks.speed import cells, experiment, measuring, networks
from benchmarks.speed.cells import Cell
from benchmarks.speed.experiment import Settings
from benchmarks.speed.layers import OURS
from benchmarks.speed.measuring import Measurement
from benchmarks.speed.page import contents
from benchmarks.speed.results import COLUMNS, results
from benchmarks.speed.targets import Target, targets
from keras_norms.lab.errors import BadInput
from keras_norms.lab.report.page import Report, Section

SMALL = ["run", "speed", "--names", "batch", "--shapes", "16x2x2x8", "--images", "2x8x8x3"]
SMALL += ["--networks", "conv8", "--dtypes", "float32", "--rounds", "2"]


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Nets that compile in no time."""
    monkeypatch.setattr(networks, "WIDTH", 8)


def test_a_run_from_command_to_page_goes_on_where_it_was_stopped(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(networks, "SPECS", {"none": "none", "batch": "batch", "none again": "none"})
    measured = []

    def stopped(cell: Cell, rounds: int):
        if len(measured) == stop:
            raise KeyboardInterrupt
        measured.append(cell)
        return measuring.measure(cell, rounds)

    missing = functools.partial(measuring.measure_missing, measure=stopped)
    monkeypatch.setattr(experiment, "measure_missing", missing)
    command = [*SMALL, "--out", str(tmp_path)]
    stop = 2
    assert BENCHMARKS.main(command) == 130
    stop = None
    assert BENCHMARKS.main(command) == 0
    wanted = Settings(
        names=("batch",),
        shapes=("16x2x2x8",),
        dtypes=("float32",),
        networks=("conv8",),
        images="2x8x8x3",
    ).cells()
    assert len(measured) == len(set(measured)) == len(wanted)
    assert BENCHMARKS.main(command) == 0
    assert len(measured) == len(wanted)

    frame = pd.read_csv(tmp_path / "tables" / "speed.csv")
    assert list(frame.columns) == COLUMNS
    assert set(frame["quantity"]) <= {"seconds", "first call", "MiB"}
    cell = ["backend", "mode", "subject", "name", "work", "shape", "dtype", "side", "quantity"]
    assert not frame.duplicated(cell).any()
    ours = frame[(frame["side"] == OURS) & (frame["quantity"] == "seconds")]
    assert (ours["over_ours"] == 1).all()
    assert ours.loc[ours["name"] == "batch", "over_keras"].notna().all()
    assert (tmp_path / "figures" / "speed.png").exists()
    page = (tmp_path / "speed.md").read_text()
    assert "A training step with each normalizer" in page
    assert "a step of conv8 with batch takes at most" in page

    (tmp_path / "report.html").unlink(missing_ok=True)
    assert BENCHMARKS.main(["report", "--out", str(tmp_path)]) == 0
    assert "Speed" in capsys.readouterr().out


def test_quick_is_a_part_of_all():
    quick, everything = Settings(quick=True).cells(), Settings().cells()
    assert set(quick) < set(everything)
    assert {cell.name for cell in quick} == {*cells.MAIN, "conv8"}
    assert {cell.name for cell in everything} == {*cells.normalizers(), *cells.NETWORKS}
    assert len(everything) == len({cell.key for cell in everything})


def found(unit: str, sides: dict, **fields) -> Measurement:
    origin = dict.fromkeys(("keras_norms", "keras", "python", "library", "device", "commit"), "1")
    fields = {"shape": "64x32x32x64", "backend": "jax", "mode": "jit", "device": "gpu", **fields}
    return Measurement(Cell(**fields), {unit: sides}, origin)


@pytest.mark.once
def test_ratios_are_of_one_round(tmp_path):
    sides = {"floor": [1.0, 1.0, 2.0], "ours": [2.0, 3.0, 8.0], "Keras": [4.0, 3.0, 2.0]}
    frame = results([found("seconds", sides, name="batch", device="cpu")]).set_index("side")
    assert frame.loc["ours", ["median", "over_floor", "over_keras"]].tolist() == [3, 3, 1]
    assert frame.loc["ours", ["over_keras_q25", "over_keras_q75"]].tolist() == [0.75, 2.5]
    (target,) = targets(frame.reset_index())
    assert (target.limit, target.verdict, target.here) == (1.05, "reached", "1.00 [0.75, 2.50]")


@pytest.mark.once
@pytest.mark.parametrize(
    "measurement",
    [
        found("MiB", {"ours": [1.0], "floor": [0.0]}, quantity="memory", name="ws"),
        found("seconds", {"none": [1.0]}, subject="network", name="conv8", work="training step"),
        found("seconds", {"ours": [1.0]}, name="ws", work="forward", dtype="bfloat16"),
    ],
)
def test_a_page_of_one_cell_is_a_page(measurement, tmp_path):
    """Of a GPU, of which no target speaks, and without anything of Keras's."""
    section = Section("Speed", **contents([measurement], tmp_path))
    html, markdown = Report("page", [section]).write(tmp_path)
    assert html.exists()
    assert "Nothing that a target speaks of is measured" in markdown.read_text()


@pytest.mark.once
def test_a_target_is_missed_in_words():
    target = Target("claim", "batch", "JAX", True, 1.05, 1.06, 1.0, 1.1)
    assert target.verdict == "not reached"
    assert dataclasses.replace(target, ratio=1.05).verdict == "reached"
    assert not dataclasses.replace(target, ratio=float("nan")).reached


@pytest.mark.once
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("rounds", 0),
        ("names", ("bathc",)),
        ("shapes", ("64x0x4",)),
        ("shapes", ("64",)),
        ("dtypes", ("float8",)),
        ("networks", ("vgg",)),
        ("parts", ("all",)),
        ("images", "16x32"),
    ],
)
def test_bad_settings_are_refused_before_anything_is_measured(field, value):
    with pytest.raises(BadInput, match=field.removesuffix("s")):
        Settings(**{field: value})


@pytest.mark.once
@pytest.mark.parametrize("option", ["--data", "--seeds", "--download"])
def test_options_of_training_are_not_taken(option, capsys):
    with pytest.raises(SystemExit):
        BENCHMARKS.main(["run", "speed", option, "1"])
    assert option in capsys.readouterr().err


@pytest.mark.once
def test_a_wrong_option_is_told(tmp_path, capsys):
    assert BENCHMARKS.main(["run", "speed", "--names", "bathc", "--out", str(tmp_path)]) == 2
    assert "names='bathc' is unknown" in capsys.readouterr().err
