"""What the main job runs."""

from __future__ import annotations

import os

import pytest

from benchmarks import quick
from benchmarks.__main__ import BENCHMARKS

pytestmark = pytest.mark.once


def test_quick_covers_what_it_promises(monkeypatch):
    monkeypatch.setattr(os, "environ", dict(os.environ))  # what it sets there is taken back
    comparison, edges = quick.plan()
    assert (comparison.name(), edges.name()) == ("ioffe2015.convergence", "frontier")
    assert comparison.data == edges.data == "digits"
    assert comparison.seeds == edges.seeds == 3
    assert os.environ["TF_NUM_INTRAOP_THREADS"]


def test_list_names_the_papers(capsys):
    assert BENCHMARKS.main(["list"]) == 0
    assert "Ioffe & Szegedy 2015" in capsys.readouterr().out
