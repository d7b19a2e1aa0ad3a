"""A table of the report: a pandas frame with a caption, as CSV, Markdown and LaTeX."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from keras_norms.lab.report.whole_files import write_text

FORMULA = "=+-@\t\r"  # how a formula begins
TAG = re.compile(r"<(?=[a-zA-Z/!?])")


@dataclass(frozen=True)
class Table:
    """A named table.

    Attributes:
        name: the file name, without its ending.
        frame: the cells as they are read, one row a line.
        tidy: the numbers behind them, one observation a row, for the CSV; `frame` where None.
    """

    name: str
    frame: pd.DataFrame
    caption: str
    tidy: pd.DataFrame | None = None

    def markdown(self) -> str:
        cells = self.frame.map(_escaped)
        return cells.to_markdown(index=False, disable_numparse=True)

    def latex(self) -> str:
        """For booktabs; its Greek letters and signs want LuaLaTeX or XeLaTeX."""
        shown = self.frame.style.hide(axis="index")
        shown = shown.format(escape="latex").format_index(escape="latex", axis="columns")
        return shown.to_latex(hrules=True)

    def write(self, folder: Path, provenance: str = "") -> None:
        """Writes `<name>.csv`, `<name>.md` and `<name>.tex` into `folder`."""
        tidy = self.frame if self.tidy is None else self.tidy
        write_text(folder / f"{self.name}.csv", tidy.map(harmless).to_csv(index=False))
        origin = f"\n<sub>{provenance}</sub>\n" * bool(provenance)
        text = f"{self.caption}\n\n{self.markdown()}\n{origin}"
        write_text(folder / f"{self.name}.md", text)
        lines = f"{self.caption}\n{provenance}".splitlines()
        said = "".join(f"% {line}\n" for line in lines if line)
        write_text(folder / f"{self.name}.tex", said + self.latex())


def harmless(cell: Any) -> Any:
    """A text that a spreadsheet would take for a formula, with a quote in front."""
    is_formula = isinstance(cell, str) and cell[:1] in FORMULA and cell[:1]
    return f"'{cell}" if is_formula else cell


def _escaped(cell: Any) -> str:
    # A bar would end the cell; what begins like a tag would be one.
    return TAG.sub("&lt;", str(cell).replace("|", "\\|").replace("\n", " "))


def number(value: float | None) -> str:
    """Three significant digits, without an exponent where a reader needs none."""
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value != 0 and not 1e-4 <= abs(value) < 1e6:
        return f"{value:.2e}"
    digits = 0 if value == 0 else max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{digits}f}".replace("-", "−") if abs(value) >= 1000 else _short(value, digits)


def _short(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text.replace("-", "−")


def percent(value: float) -> str:
    return "–" if math.isnan(value) else f"{100 * value:.1f} %"


def duration(seconds: float) -> str:
    """In the two units that matter: "40 s", "12 min", "3 h 20 min", "4 days"."""
    if seconds < 90:
        return f"{max(0, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours < 48 else f"{hours // 24} days"
