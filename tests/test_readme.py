"""What the README shows is what the committed results say, and its commands exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
HEADLINES = ["ioffe2015.convergence-arms", "frontier"]


@pytest.mark.parametrize("name", HEADLINES)
def test_headline_tables_are_the_generated_ones(name):
    text = (ROOT / f"benchmarks/results/quick/tables/{name}.md").read_text(encoding="utf-8")
    table = "\n".join(line for line in text.splitlines() if line.startswith("|"))
    assert table.count("\n") > 3
    assert table in README


def test_every_link_leads_to_a_file():
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert len(links) > 5
    assert [link for link in links if "://" not in link and not (ROOT / link).exists()] == []


def test_every_module_that_a_command_names_exists():
    modules = set(re.findall(r"python -m ([a-z_][\w.]*)", README)) - {"venv"}
    assert {"benchmarks", "studies", "tests"} <= modules
    for module in modules:
        place = ROOT / module.replace(".", "/")
        assert place.with_suffix(".py").exists() or (place / "__main__.py").exists(), module
