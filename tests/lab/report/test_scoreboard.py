"""The page of all claims: what it counts, what it shows side by side, and that it is fresh."""

from __future__ import annotations

import ast
import inspect
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.scoreboard import RESULTS, TARGETS, write
from keras_norms.lab.discovery import discover
from keras_norms.lab.errors import BadInput
from keras_norms.lab.report.planned import Planned, read_planned
from keras_norms.lab.report.scoreboard import scoreboard

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
    assert "|one|2|1|0|" in counts  # reproduced, not reproduced, undecided
    assert "|all|3|1|1|" in counts
    assert text.count("It grows.") == 3
    assert "Where they disagree" in text  # with the paper: one claim is not reproduced
    assert "3 [2, 4] and 1 more" in text
    assert "<b>" not in text
    assert len(pd.read_csv(tmp_path / "claims.csv")) == 6


@pytest.mark.parametrize("judged", [False, True])
def test_papers_that_disagree_stand_side_by_side(tmp_path, judged):
    page(tmp_path, "one", {"target": "for"})
    page(tmp_path, "two", {"target": "against" if judged else "else", "claim": "It does not."})
    sides = [
        Planned("for", "one", "one.figure1", "cpu", "?", "Does it grow?", "yes"),
        Planned("against", "two", "one.figure1", "cpu", "Never.", "Does it grow?", "no"),
        Planned("alone", "two", "", "cpu", "?", "Does it shrink?", "yes"),
    ]
    scoreboard(tmp_path, sides)
    text = (tmp_path / "README.md").read_text()
    asked = text[text.index("### Does it grow?") : text.index("## [one]")]
    rows = [re.split(r" *\| *", line.strip("| ")) for line in asked.splitlines()[4:] if line]
    other = ["It does not.", "reproduced", "2", "3 [2, 4]"]
    other = other if judged else ["Never.", "not run", "–", "–"]
    assert rows[0] == ["one", "yes", "It grows.", "reproduced", "2", "3 [2, 4]"]
    assert rows[1] == ["two", "no", *other]
    assert "Does it shrink?" not in text


def test_what_no_page_has_judged_is_shown_with_its_command(tmp_path):
    page(tmp_path, "one", {})
    scoreboard(tmp_path, [
        Planned("t", "one", "one.figure1", "cpu", "Judged."),
        Planned("t", "one", "one.figure2", "cpu", "In another way."),
        Planned("t", "one", "", "cpu", "By whatever."),
        Planned("u", "new", "new.table1", "gpu", "At full size."),
        Planned("v", "new", "", "cpu", "Unwritten."),
    ], "trials")  # fmt: skip
    text = (tmp_path / "README.md").read_text()
    of = {row.target + row.claim: row for row in pd.read_csv(tmp_path / "claims.csv").itertuples()}
    assert [*of] == ["tIt grows.", "tIn another way.", "uAt full size.", "vUnwritten."]
    assert [row.verdict for row in of.values()][1:] == ["not run", "needs a GPU", "not run"]
    assert of["tIn another way."].command == "python -m trials run one.figure2 --out results"
    assert "run new.table1 --scale gpu --out results`" in text
    assert "1 claims of 1 papers" in text
    assert "2 that are not run and 1 that need a GPU; 1 of them have no experiment yet" in text
    assert "## new" in text  # there is no page to link to


@pytest.mark.parametrize(("text", "said"), [
    ("target,claim\nt,It.\n", "has the columns target, claim"),
    (f"{','.join(Planned._fields)}\n" + "t,one,e,cpu,It.,,\n" * 2, "'t' with experiment 'e' twice"),
])  # fmt: skip
def test_a_table_of_targets_that_is_wrong_is_named(tmp_path, text, said):
    (tmp_path / "targets.csv").write_text(text)
    with pytest.raises(BadInput, match=said):
        read_planned(tmp_path / "targets.csv")


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
    every = pd.concat([pd.read_csv(pages[name]) for name in sorted(pages)], ignore_index=True)
    shown = pd.read_csv(RESULTS / "claims.csv")
    judged = shown[~shown["verdict"].isin(["not run", "needs a GPU"])].reset_index(drop=True)
    # Each page has its own columns of one value, so what is empty in it has another type.
    pd.testing.assert_frame_equal(judged, every, check_dtype=False)


def test_the_numbers_are_those_that_the_pages_print():
    text = (RESULTS / "README.md").read_text()
    sections = re.split(r"^## \[(\w+)\].*$", text, flags=re.M)[1:]
    for page_name, section in zip(sections[::2], sections[1::2], strict=True):
        printed = (RESULTS / page_name / "report.md").read_text()
        for line in (one for one in section.splitlines() if one.startswith("| ")):
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)]
            claim, number = cells[1], cells[4].partition(" and ")[0]
            lines = [one for one in printed.splitlines() if one.startswith(f"| {claim} ")]
            assert number in ("ours", "–") or any(f"| {number} " in one for one in lines), line


def test_every_target_has_a_row():
    planned = read_planned(TARGETS)
    shown = pd.read_csv(RESULTS / "claims.csv", keep_default_na=False)
    assert {one.target for one in planned} <= {*shown["target"]}
    text = (RESULTS / "README.md").read_text()
    assert [one.target for one in planned if f"| {one.target} " not in text] == []


EXPERIMENTS = discover("benchmarks")
NAMED = re.compile(r"[a-z]+\d\d-[a-z0-9-]+")  # a paper and its year, and what of it


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_targets_of_an_experiment_are_in_the_table(name):
    source = ast.parse(inspect.getsource(inspect.getmodule(EXPERIMENTS[name])))
    texts = [node.value for node in ast.walk(source) if isinstance(node, ast.Constant)]
    named = {text for text in texts if isinstance(text, str) and NAMED.fullmatch(text)}
    known = {one.target for one in read_planned(TARGETS) if one.experiment == name}
    assert named <= known, "write what is missing into benchmarks/targets.csv"


def test_the_experiments_of_the_table_exist():
    for one in read_planned(TARGETS):
        assert not one.experiment or one.scale in EXPERIMENTS[one.experiment].scales(), one
