"""The page of all claims: what it counts, what it shows side by side, and that it is fresh."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.scoreboard import RESULTS, write
from keras_norms.lab.errors import BadInput
from keras_norms.lab.report.scoreboard import Disagreement, scoreboard

pytestmark = pytest.mark.once

USUAL = {
    "experiment": "one.figure1", "target": "t", "claim": "It grows.", "inequality": "a > b",
    "unit": "", "paper_value": "2", "ours": 3.0, "low": 2.0, "high": 4.0, "coverage": 0.9688,
    "seeds": 6, "verdict": "reproduced", "scale": "cpu", "data": "digits", "model": "mlp",
    "device": "cpu", "processor": "p", "versions": "v", "commit": "c", "command": "python -m x",
    "date": "2026-11-30",
}  # fmt: skip


def page(folder: Path, paper: str, *rows: dict) -> None:
    (folder / paper).mkdir()
    frame = pd.DataFrame([{"paper": paper, **USUAL, **row} for row in rows])
    frame.to_csv(folder / paper / "claims.csv", index=False)


def test_each_claim_is_one_row_and_counted_once(tmp_path):
    two = {"claim": "Both <b>.", "verdict": "not reproduced at this scale"}
    exact = {"claim": "It is.", "coverage": 1.0, "low": 3.0, "high": 3.0}
    page(tmp_path, "one", {}, two, {**two, "ours": 9.0}, exact)
    page(tmp_path, "other", {"verdict": "undecided"}, {"scale": "gpu", "ours": 5.0})
    scoreboard(tmp_path)
    text = (tmp_path / "README.md").read_text()
    assert "5 claims of 2 papers. 3 are decided by seeds" in text
    assert "expect up to 1 of these" in text
    counts = [line.replace(" ", "") for line in text.splitlines()]
    assert "|one|1|2|0|" in counts  # not reproduced, reproduced, undecided
    assert "|all|1|3|1|" in counts
    assert text.count("It grows.") == 3
    assert "3 [2, 4] and 1 more" in text
    assert "<b>" not in text
    assert len(pd.read_csv(tmp_path / "claims.csv")) == 6


@pytest.mark.parametrize("judged", [False, True])
def test_papers_that_disagree_stand_side_by_side(tmp_path, judged):
    page(tmp_path, "one", {"target": "for"})
    page(tmp_path, "other", {"target": "against" if judged else "else", "claim": "It does not."})
    scoreboard(tmp_path, [Disagreement("Whether it grows:", ("for", "against"))])
    text = (tmp_path / "README.md").read_text()
    assert ("Whether it grows:" in text) == judged


def test_a_folder_without_claims_is_named(tmp_path):
    with pytest.raises(BadInput, match="holds no page with claims"):
        scoreboard(tmp_path)


def test_what_is_committed_is_what_the_pages_say(tmp_path):
    pages = {file.parent.name: file for file in RESULTS.glob("*/claims.csv")}
    for name, file in pages.items():
        (tmp_path / name).mkdir()
        shutil.copy(file, tmp_path / name)
    for made in write(tmp_path):
        assert made.read_text() == (RESULTS / made.name).read_text(), "run the scoreboard again"
    every = pd.concat([pd.read_csv(file) for file in pages.values()])
    assert len(pd.read_csv(RESULTS / "claims.csv")) == len(every)
