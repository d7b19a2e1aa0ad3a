"""The main job's path from command to page, with pretended training."""

from __future__ import annotations

import functools
import os

import pytest

from benchmarks import quick
from benchmarks.__main__ import BENCHMARKS
from benchmarks.ioffe2015 import convergence
from keras_norms.lab import trials
from studies import charting
from tests.lab.pretending import Pretended

pytestmark = pytest.mark.once


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """What the main job sets there is taken back."""
    monkeypatch.setattr(os, "environ", dict(os.environ))


def test_quick_ends_in_one_page_and_goes_on_from_there(tmp_path, capsys, monkeypatch):
    train = Pretended()
    for module, name in ((convergence, "run_trials"), (charting, "run_searches")):
        pretended = functools.partial(getattr(trials, name), train=train)
        monkeypatch.setattr(module, name, pretended)
    assert BENCHMARKS.main(["quick", "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert said.strip().endswith(f"report: {tmp_path / 'report.html'} (and report.md)")
    page, runs = (tmp_path / "report.html").read_text(), len(train.trained)
    assert page.count("<img") == 4
    assert "Ioffe" in page
    assert "Largest stable learning rate by depth" in page
    assert (tmp_path / "report.md").read_text().count("![") == 4

    assert BENCHMARKS.main(["quick", "--out", str(tmp_path)]) == 0
    assert len(train.trained) == runs
    (tmp_path / "report.html").unlink()
    assert BENCHMARKS.main(["report", "--out", str(tmp_path)]) == 0
    assert (tmp_path / "report.html").read_text() == page


def test_quick_covers_what_it_promises():
    (_, comparison), (_, edges) = quick.plan()
    assert comparison.data == edges.data == "digits"
    assert comparison.seeds >= 3
    assert len(edges.chains()) == 4
    assert {run.depth for chain in edges.chains() for run in chain} == {4, 16}


def test_list_names_the_papers(capsys):
    assert BENCHMARKS.main(["list"]) == 0
    assert "Ioffe & Szegedy 2015" in capsys.readouterr().out
