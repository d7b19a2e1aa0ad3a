"""A table of quantities that must stay within limits, with a verdict each."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from keras_norms.lab.report.claims import Finding
from keras_norms.lab.report.tables import Table, number


def verdict(measured: float, limit: float) -> Finding:
    """NaN is not reproduced."""
    return Finding.REPRODUCED if measured <= limit else Finding.NOT_REPRODUCED


def bounds_table(name: str, rows: Sequence[Sequence], caption: str) -> Table:
    """Rows of [TARGETS id, what is measured, measured, limit], of one run without chance."""
    found = [
        {
            "target": target,
            "quantity": quantity,
            "here": number(measured),
            "limit": f"≤ {number(limit)}",
            "verdict": str(verdict(measured, limit)),
        }
        for target, quantity, measured, limit in rows
    ]
    tidy = pd.DataFrame(rows, columns=["target", "quantity", "measured", "limit"])
    tidy["verdict"] = [row["verdict"] for row in found]
    return Table(name, pd.DataFrame(found), caption, tidy)


def held(rows: Sequence[Sequence]) -> str:
    """How many of them hold, in words."""
    good = sum(verdict(measured, limit) is Finding.REPRODUCED for _, _, measured, limit in rows)
    return f"{good} of {len(rows)} quantities are within their limits."
