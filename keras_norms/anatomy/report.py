"""What an operation found or changed, layer by layer: to read, or as a data frame."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MANY = 20  # rows, from which on those that differ in names alone are printed once
_QUOTED = re.compile(r"'[^']*'")
NEVER = "left: never called"  # of a layer that a model has and skips
HIDDEN = "left: cannot be seen"  # of a layer inside a compiled loop


@dataclass
class Report:
    """Rows about layers, with sentences about what the rows cannot say.

    `print(report)` shows an aligned table and the sentences below it, of many layers those that
    differ in names alone as one line; `report["block/bn"]` is the row of one layer; iterating
    gives the rows.

    Attributes:
        title: one line about the whole.
        rows: one mapping for each layer, from column to value; the column "layer" names it.
            A value that means nothing for a layer is None or absent.
        notes: sentences: warnings, and what was left alone and why.
    """

    title: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, layer: str, **columns: Any) -> None:
        """One more row."""
        self.rows.append({"layer": layer, **columns})

    def note(self, sentence: str) -> None:
        """One more sentence, said once however often it is noted."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    @property
    def columns(self) -> list[str]:
        """All columns, in the order in which the rows first name them."""
        return list(dict.fromkeys(name for row in self.rows for name in row))

    def frame(self) -> Any:
        """The rows as a `pandas.DataFrame`, absent values as NaN or None.

        Raises:
            ImportError: pandas is not installed.
        """
        try:
            from importlib import import_module

            pandas = import_module("pandas")
        except ImportError as error:
            raise ImportError(
                "Report.frame() makes a pandas DataFrame, and pandas is not installed. Install it "
                "(`pip install pandas`), or read `report.rows`, a list of dicts."
            ) from error
        return pandas.DataFrame(self.rows, columns=self.columns)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.rows)

    def __getitem__(self, layer: str) -> dict[str, Any]:
        for row in self.rows:
            if row.get("layer") == layer:
                return row
        known = ", ".join(repr(row.get("layer")) for row in self.rows) or "none"
        raise KeyError(f"The report has no layer {layer!r}. It has: {known}.")

    def __str__(self) -> str:
        rows = _alike(self.rows) if len(self.rows) > MANY else self.rows
        return "\n".join([self.title, *_table(self.columns, rows), *self.notes])


def _alike(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of text that differ in the names of layers alone, as one."""
    groups: dict[Any, list[dict[str, Any]]] = {}
    for position, row in enumerate(rows):
        said = {key: value for key, value in row.items() if key != "layer"}
        text = all(isinstance(value, str) for value in said.values())
        same = tuple((key, _QUOTED.sub("...", value)) for key, value in said.items()) if text else 0
        groups.setdefault(same or position, []).append(row)
    return [
        row
        if len(members) == 1
        else {"layer": f"{len(members)} layers, {row['layer']} to {members[-1]['layer']}"}
        | {key: _QUOTED.sub("...", value) for key, value in row.items() if key != "layer"}
        for members in groups.values()
        for row in members[:1]
    ]


def _table(columns: list[str], rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Lines of equal columns: text on the left, numbers on the right."""
    if not rows:
        return []
    cells = [[_said(row.get(name)) for name in columns] for row in rows]
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    numeric = [all(_is_number(row.get(name)) for row in rows) for name in columns]

    def line(cells: list[str]) -> str:
        placed = zip(cells, widths, numeric, strict=True)
        return "  ".join(c.rjust(w) if right else c.ljust(w) for c, w, right in placed).rstrip()

    return [line(columns), line(["-" * width for width in widths]), *map(line, cells)]


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))


def _said(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
