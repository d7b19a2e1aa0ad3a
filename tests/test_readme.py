"""What the README shows is what the committed results say, and its commands exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_headline_table_is_the_generated_one():
    place = ROOT / "benchmarks/results/quick/tables/ioffe2015.convergence-arms.md"
    text = place.read_text(encoding="utf-8")
    table = "\n".join(line for line in text.splitlines() if line.startswith("|"))
    assert table.count("\n") > 3
    assert table in README


def test_the_scoreboard_s_counts_are_its_own():
    page = (ROOT / "benchmarks/results/README.md").read_text(encoding="utf-8")
    lines = [re.split(r" *\| *", line.strip("| ")) for line in page.splitlines() if "|" in line]
    kinds, counts = lines[0][1:], next(line for line in lines if line[0] == "all")[1:]
    of = dict(zip(kinds, map(int, counts), strict=True))
    total, papers = re.search(r"(\d+) claims of (\d+) papers", page).groups()
    to_come = of.pop("not run") + of.pop("needs a GPU")
    said = (
        f"Of {total} claims of {papers} papers {of['reproduced']} are reproduced, "
        f"{of['not reproduced']} are not, and {of['undecided']} are undecided; {to_come} more are "
        "to come"
    )
    assert ("no power here" in of) == ("has no power" in README)
    assert sum(of.values()) == int(total)
    assert said in " ".join(README.split())


PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file(page):
    links = re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
    assert page.parent != ROOT or links
    assert [one for one in links if "://" not in one and not (page.parent / one).exists()] == []


def test_every_module_that_a_command_names_exists():
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    modules = set(re.findall(r"python -m ([a-z_][\w.]*)", text)) - {"venv", "pip", "pytest"}
    assert {"benchmarks", "studies", "tests"} <= modules
    for module in modules:
        place = ROOT / module.replace(".", "/")
        assert place.with_suffix(".py").exists() or (place / "__main__.py").exists(), module
