"""What surgery did on the architectures, as sentences and tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from benchmarks.surgery.operations import FOLD, OPERATIONS, ROUND_TRIP, TOLERANCE
from keras_norms.lab.found import Group
from keras_norms.lab.report.tables import Table, number

COLUMNS = ["backend", "architecture", "operation", "done", "left", "error", "in float64"]
COLUMNS += ["rounding", "failed", "reasons", "seconds"]


def rows_of(group: Group) -> pd.DataFrame:
    """A row for each architecture and operation; `reasons` as text."""
    rows = [
        {
            **row,
            "backend": job.backend,
            "architecture": job.arguments["name"],
            "reasons": "; ".join(f"{', '.join(of)}: {why}" for why, of in row["reasons"].items()),
        }
        for job, outcome in zip(group.jobs, group, strict=True)
        for row in outcome
    ]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.sort_values(["backend", "architecture"], kind="stable", ignore_index=True)


def said_of_folds(frame: pd.DataFrame, backend: str) -> Iterator[str]:
    folds = frame[(frame["operation"] == FOLD) & (frame["done"] > 0)]
    if len(folds):
        close = folds["error"] <= TOLERANCE
        far = folds[~close]
        beyond = (far["error"] / far["rounding"]).max() if len(far) else 0.0
        yield (
            f"{backend}: outputs after a fold differ in float64 by "
            f"{number(folds['in float64'].max())} of the largest at most; in float32 by at most "
            f"{number(TOLERANCE)} in {close.sum()} of {len(folds)} networks, in the others by up "
            f"to {number(beyond)} times the network's own rounding."
        )


def architectures_table(frame: pd.DataFrame) -> Table:
    """A line each architecture, a column each operation."""
    rows = []
    for (backend, name), part in frame.groupby(["backend", "architecture"], sort=False):
        of = part.set_index("operation").to_dict("index")
        line = {"architecture": name, "on": backend}
        line["fold, float32"] = number(of[FOLD]["error"])
        line["own rounding"] = number(of[FOLD]["rounding"])
        line["fold, float64"] = number(of[FOLD]["in float64"])
        rows.append(line | {operation: _told(of[operation]) for operation in OPERATIONS})
    caption = (
        "Normalizers folded or converted, of those that there are. A fold's errors are the largest "
        f"difference of outputs over the largest output. {ROUND_TRIP}: to this library's and back "
        "to Keras's. The others: converted, trained for a step, saved and loaded."
    )
    return Table("surgery", pd.DataFrame(rows), caption, frame)


def left_table(frame: pd.DataFrame) -> Table:
    """What was left and why, a line for each architecture and operation."""
    left = frame[frame["left"] > 0][["backend", "architecture", "operation", "left", "reasons"]]
    return Table("surgery-left", left, "Normalizers that were left, with the reason of each.")


def _told(row: dict[str, Any]) -> str:
    total = row["done"] + row["left"]
    told = f"{row['done']} of {total}" if total else "none there"
    return f"{told}; {row['failed']}" if row["failed"] else told
