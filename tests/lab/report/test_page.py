from __future__ import annotations

import base64
import re

import pandas as pd
import pytest

from keras_norms.lab.report.figures import Figure, drawing
from keras_norms.lab.report.page import Report, Section
from keras_norms.lab.report.tables import Table

pytestmark = pytest.mark.once

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def report(tmp_path):
    figure = Figure("line", tmp_path / "figures", "A line <up>.")
    with drawing(figure) as axes:
        axes.plot([0, 1], [0, 1])
    frame = pd.DataFrame({"claim": ["a < b"], "verdict": ["not reproduced"]})
    section = Section(
        "First", ["It went well."], [figure], [Table("claims", frame, "Claims.")], "card", "1 run"
    )
    return Report("A report", [section, Section("Second", ["Nothing yet."])])


def test_the_html_page_needs_no_other_file(report, tmp_path):
    html, _ = report.write(tmp_path)
    text = html.read_text()
    (data,) = re.findall(r'<img src="data:image/png;base64,([^"]+)"', text)
    assert base64.b64decode(data) == (tmp_path / "figures" / "line.png").read_bytes()
    assert not re.search(r'(src|href)="(?!data:|#)', text)


def test_the_html_page_says_what_the_sections_say(report, tmp_path):
    text = report.write(tmp_path)[0].read_text()
    for part in ("A report", "First", "It went well.", "A line &lt;up&gt;.", "card", "1 run"):
        assert part in text
    assert "a &lt; b" in text
    assert '<td class="not-reproduced">not reproduced</td>' in text
    assert re.findall(r'<a href="#(s\d)">', text) == re.findall(r'<h2 id="(s\d)">', text)


def test_the_markdown_page_links_its_figures(report, tmp_path):
    _, markdown = report.write(tmp_path, "named")
    text = markdown.read_text()
    (link,) = re.findall(r"!\[line\]\((.+?)\)", text)
    assert (tmp_path / link).read_bytes().startswith(PNG)
    assert "| a < b " in text
    assert markdown.name == "named.md"


def test_tables_lie_beside_the_page(report, tmp_path):
    report.write(tmp_path)
    assert sorted(path.name for path in (tmp_path / "tables").iterdir()) == [
        "claims.csv",
        "claims.md",
        "claims.tex",
    ]
