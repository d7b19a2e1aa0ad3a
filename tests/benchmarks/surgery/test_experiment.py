"""The surgery benchmark from command to page: kept, gone on with, told; its cells made up."""

from __future__ import annotations

import functools

import pandas as pd
import pytest

from benchmarks.__main__ import BENCHMARKS
from benchmarks.surgery import experiment
from benchmarks.surgery.architectures import names
from benchmarks.surgery.cells import APPLICATION, Cell
from benchmarks.surgery.checks import FOLD, OPERATIONS
from benchmarks.surgery.process import Ended

pytestmark = pytest.mark.once

COMMAND = ["run", "surgery", "--names", "MobileNet", "VGG16", "Xception"]


def made_up(cell: Cell):
    """A result as the process of the cell would give it."""
    if cell.kind != APPLICATION:
        halves = {"whole": [2.0, 3.0, 4.0], "folded": [1.0, 2.0, 2.0]}
        return halves | {f"{side} clock": seconds for side, seconds in halves.items()}
    row = {"done": 4, "left": 0, "reasons": {}, "error": 0.0, "failed": "", "seconds": 1.0}
    rows = [{"operation": operation, **row} for operation in OPERATIONS]
    rows[0] |= {"left": 1, "reasons": {"it is shared": ["bn"]}, "error": 3e-5}
    rows[0] |= {"rounding": 2e-5, "in float64": 1e-12}
    if cell.name == "Xception":
        rows[2]["failed"] = "ValueError: no"
    return rows


def test_a_run_goes_on_where_it_was_stopped(tmp_path, monkeypatch, capsys):
    done, trouble = [], [KeyboardInterrupt(), Ended("exit status -9: no memory")]

    def apart(cell: Cell):
        if cell.name == "VGG16" and trouble:
            raise trouble.pop(0)
        done.append(str(cell))
        return made_up(cell)

    monkeypatch.setattr(experiment, "run", functools.partial(experiment.run, apart=apart))
    command = [*COMMAND, "--out", str(tmp_path)]
    assert BENCHMARKS.main(command) == 130
    assert BENCHMARKS.main(command) == 0
    assert "VGG16: exit status -9: no memory" in capsys.readouterr().err
    assert not any("VGG16" in cell for cell in done)
    assert BENCHMARKS.main(command) == 0
    assert BENCHMARKS.main(command) == 0
    assert sorted(cell.split(", ")[1] for cell in done) == [
        "MobileNet", "ResNet50", "ResNet50", "VGG16", "Xception",
    ]  # fmt: skip

    page = (tmp_path / "surgery.md").read_text()
    assert f"3 of {len(names())} architectures tried, 2 without a failure" in page
    assert "Xception, group: ValueError: no." in page
    assert "in the others by up to 1.5 times the network's own rounding" in page
    assert "ResNet50 predicts 2.00 [1.75, 2.00] times as fast" in page
    assert "bn: it is shared" in page
    frame = pd.read_csv(tmp_path / "tables" / "surgery.csv")
    assert len(frame) == 3 * len(OPERATIONS)
    assert set(frame[frame["operation"] == FOLD]["error"]) == {3e-5}


def test_unknown_names_are_refused(tmp_path, capsys):
    assert BENCHMARKS.main(["run", "surgery", "--names", "Mobile", "--out", str(tmp_path)]) == 2
    assert "names='Mobile' is unknown" in capsys.readouterr().err
