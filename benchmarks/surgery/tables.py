"""What surgery did on the architectures, as sentences and tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from benchmarks.surgery.operations import FOLD, OPERATIONS, ROUND_TRIP, TOLERANCE
from keras_norms.lab.found import Group
from keras_norms.lab.report.tables import Table, number

COLUMNS = ["backend", "architecture", "operation", "done", "left", "error", "in float64"]
COLUMNS += ["rounding", "failed", "kept", "unknown", "saved", "reasons", "seconds"]


def rows_of(group: Group) -> pd.DataFrame:
    """A row for each architecture and operation; `reasons` as text."""
    rows = [
        {
            **row,
            "backend": job.backend,
            "architecture": job.arguments["name"],
            "reasons": "; ".join(f"{', '.join(of)}: {why}" for why, of in row["reasons"].items()),
            "unknown": ", ".join(f"{n} {kind}" for kind, n in row.get("unknown", {}).items()),
        }
        for job, outcome in zip(group.jobs, group, strict=True)
        for row in outcome
    ]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.sort_values(["backend", "architecture"], kind="stable", ignore_index=True)


def failures(frame: pd.DataFrame) -> Iterator[tuple[str, str, str]]:
    """Architecture, the operations that failed alike, and why."""
    failed = frame[frame["failed"] != ""]
    for (name, why), part in failed.groupby(["architecture", "failed"], sort=False):
        yield str(name), ", ".join(part["operation"]), str(why)


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


def architectures_table(
    frame: pd.DataFrame, name: str = "surgery", operations: Sequence[str] = OPERATIONS
) -> Table:
    """A line each architecture, a column each operation."""
    rows = []
    for (backend, architecture), part in frame.groupby(["backend", "architecture"], sort=False):
        of = part.set_index("operation").to_dict("index")
        line = {"architecture": architecture, "on": backend}
        line["fold, float32"] = number(of[FOLD]["error"])
        line["own rounding"] = number(of[FOLD]["rounding"])
        line["fold, float64"] = number(of[FOLD]["in float64"])
        rows.append(line | {operation: _told(of[operation]) for operation in operations})
    caption = (
        "Normalizers folded or converted, of those that there are. A fold's errors are the largest "
        f"difference of outputs over the largest output. {ROUND_TRIP}: to this library's and back "
        "to Keras's. The others: converted, trained for a step, saved and loaded."
    )
    return Table(name, pd.DataFrame(rows), caption, frame)


def classes_table(frame: pd.DataFrame, name: str) -> Table:
    """Whether a model is of its own class afterwards, how it was saved, and what is not known."""
    rows = []
    for (backend, architecture), part in frame.groupby(["backend", "architecture"], sort=False):
        line = {"architecture": architecture, "on": backend}
        for row in part.itertuples():
            said = {True: "kept", False: "lost"}
            line[f"class, {row.operation}"] = said.get(row.kept, "–")
        line["saved by"] = next(iter(part["saved"].dropna()), "–").partition(",")[0]
        rows.append(line | {"not known": next(iter(part["unknown"]), "")})
    caption = (
        "The class of the model after each operation; what was saved and loaded after the last; "
        "layers that are normalizers by the names of their classes, of no kind that is converted."
    )
    return Table(name, pd.DataFrame(rows), caption)


def left_table(frame: pd.DataFrame, name: str = "surgery-left") -> Table:
    """What was left and why, a line for each architecture and operation."""
    left = frame[frame["left"] > 0][["backend", "architecture", "operation", "left", "reasons"]]
    return Table(name, left, "Normalizers that were left, with the reason of each.")


def _told(row: dict[str, Any]) -> str:
    total = row["done"] + row["left"]
    if row["failed"] and not total:
        return row["failed"]
    told = f"{row['done']} of {total}" if total else "none there"
    return f"{told}; {row['failed']}" if row["failed"] else told
