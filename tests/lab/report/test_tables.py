from __future__ import annotations

import math

import pandas as pd
import pytest

from keras_norms.lab.report.tables import Table, number, percent

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1.0, "1"),
        (0.5, "0.5"),
        (14.76, "14.8"),
        (0.01778, "0.0178"),
        (-0.0252, "−0.0252"),
        (1234.5, "1,234"),
        (-2000.0, "−2,000"),
        (1e-7, "1.00e-07"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
        (math.nan, "–"),
        (None, "–"),
    ],
)
def test_numbers_are_short(value, text):
    assert number(value) == text


def test_percent():
    assert percent(0.9287) == "92.9 %"
    assert percent(math.nan) == "–"


def test_a_table_is_written_as_csv_markdown_and_latex(tmp_path):
    shown = pd.DataFrame({"arm": ["a|b"], "steps": ["10 [9, 11]"]})
    tidy = pd.DataFrame({"arm": ["a|b"] * 2, "seed": [0, 1], "steps": [9.0, 11.0]})
    Table("arms", shown, "Steps.", tidy).write(tmp_path / "tables")
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "tables" / "arms.csv"), tidy)
    text = (tmp_path / "tables" / "arms.md").read_text()
    assert text.startswith("Steps.\n\n| arm")
    assert "a\\|b" in text  # a bar would end the cell
    assert "10 [9, 11]" in text


def test_latex_escapes_what_it_would_read_and_names_the_origin(tmp_path):
    shown = pd.DataFrame({"50 %": ["a_b & c"], "learning_rate": ["10 [9, 11]"]})
    Table("arms", shown, "Steps.").write(tmp_path, "here")
    text = (tmp_path / "arms.tex").read_text()
    assert text.startswith("% Steps.\n% here\n\\begin{tabular}{ll}\n\\toprule\n")
    assert r"50 \% & learning\_rate \\" in text
    assert r"a\_b \& c & 10 [9, 11] \\" in text
    assert (tmp_path / "arms.md").read_text().endswith("\n<sub>here</sub>\n")


@pytest.mark.parametrize(
    "name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "<script>x</script>", "<img>"]
)
def test_a_name_of_a_user_does_nothing_where_it_is_read(name, tmp_path):
    """A formula in a spreadsheet, a tag in a browser, a line outside of a comment of LaTeX."""
    Table("arms", pd.DataFrame({"arm": [name]}), f"Of {name}\n\\input{{x}}").write(tmp_path)
    cell = pd.read_csv(tmp_path / "arms.csv")["arm"][0]
    assert cell == (name if name.startswith("<") else f"'{name}")
    assert "<s" not in (row := (tmp_path / "arms.md").read_text().splitlines()[-1])
    assert "<i" not in row
    lines = (tmp_path / "arms.tex").read_text().splitlines()
    assert all(line.startswith("%") for line in lines[: lines.index(r"\begin{tabular}{l}")])
