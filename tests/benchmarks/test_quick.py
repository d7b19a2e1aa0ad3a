"""The main job's path from command to page, with pretended training."""

from __future__ import annotations

import functools

import pytest

from benchmarks import quick
from benchmarks.__main__ import BENCHMARKS
from benchmarks.ioffe2015 import convergence
from keras_norms.lab import trials
from studies import frontier
from tests.lab.pretending import Pretended

pytestmark = pytest.mark.once


@pytest.fixture
def train(monkeypatch) -> Pretended:
    train = Pretended()
    for module in (convergence, frontier):
        monkeypatch.setattr(module, "run_trials", functools.partial(trials.run_trials, train=train))
    return train


def test_quick_ends_in_one_page_with_both_experiments(train, tmp_path, capsys):
    assert BENCHMARKS.main(["quick", "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert said.strip().endswith(f"report: {tmp_path / 'report.html'} (and report.md)")
    page = (tmp_path / "report.html").read_text()
    assert page.count("<img") == 2
    assert "Ioffe" in page
    assert "Largest stable learning rate by depth" in page
    assert (tmp_path / "report.md").read_text().count("![") == 2


def test_a_second_call_trains_nothing(train, tmp_path):
    BENCHMARKS.main(["quick", "--out", str(tmp_path)])
    runs = len(train.trained)
    BENCHMARKS.main(["quick", "--out", str(tmp_path)])
    assert len(train.trained) == runs


def test_report_shows_the_studies_too(train, tmp_path):
    BENCHMARKS.main(["quick", "--out", str(tmp_path)])
    page = (tmp_path / "report.html").read_text()
    assert BENCHMARKS.main(["report", "--out", str(tmp_path)]) == 0
    assert (tmp_path / "report.html").read_text() == page


def test_quick_covers_what_it_promises():
    (_, comparison), (_, edges) = quick.plan()
    assert comparison.data == edges.data == "digits"
    assert comparison.seeds >= 3
    assert len(edges.normalizers) == 4
    assert len(edges.depths) >= 2


def test_list_names_the_papers(capsys):
    assert BENCHMARKS.main(["list"]) == 0
    assert "Ioffe & Szegedy 2015" in capsys.readouterr().out
