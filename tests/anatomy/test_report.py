"""The report: rows to read, rows as a frame."""

from __future__ import annotations

import builtins
import importlib

import pytest

from keras_norms.anatomy.report import Report

pytestmark = pytest.mark.once


def report():
    made = Report("Title")
    made.add("block/bn", kind="Batch", gap=0.12345, far=False)
    made.add("top", kind="Group", gap=None, done="left")
    made.note("A sentence.")
    made.note("A sentence.")
    return made


def test_print():
    assert str(report()).splitlines() == [
        "Title",
        "layer     kind     gap  far    done",
        "--------  -----  -----  -----  ----",
        "block/bn  Batch  0.123  False  -",
        "top       Group      -  -      left",
        "A sentence.",
    ]
    assert str(Report("Nothing to do")) == "Nothing to do"


def test_rows():
    made = report()
    assert len(made) == 2
    assert [row["layer"] for row in made] == ["block/bn", "top"]
    assert made["top"]["done"] == "left"
    with pytest.raises(KeyError, match=r"'bottom'.*'top'"):
        made["bottom"]


def test_frame():
    pytest.importorskip("pandas")
    frame = report().frame()
    assert list(frame.columns) == ["layer", "kind", "gap", "far", "done"]
    assert frame["gap"][0] == 0.12345
    assert frame["gap"].isna()[1]
    assert Report("Nothing").frame().empty


def test_without_pandas(monkeypatch):
    def absent(name, *rest):
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", absent)
    with pytest.raises(ImportError, match=r"pip install pandas.*report\.rows"):
        report().frame()
    assert builtins.str(report())
