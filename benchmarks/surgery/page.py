"""What surgery did on the architectures, and what it brought, as sentences and tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.surgery.architectures import names
from benchmarks.surgery.cells import APPLICATION, PREDICT, Cell
from benchmarks.surgery.checks import FOLD, OPERATIONS, ROUND_TRIP, TOLERANCE
from keras_norms.lab.report.tables import Table, number

TARGET = 1.15  # of predict on TensorFlow
TIDY = ["backend", "architecture", "operation", "done", "left", "error", "in float64", "rounding"]
TIDY += ["failed", "reasons", "seconds"]
TIMES = ["backend", "network", "images", "threads", "clock", "whole", "folded"]
TIMES += ["ratio", "ratio_q25", "ratio_q75", "rounds"]


@dataclass(frozen=True)
class Finding:
    """A finished cell: what came of it, and where (versions, device, commit)."""

    cell: Cell
    result: Any
    origin: dict[str, str]


def contents(found: Sequence[Finding]) -> dict[str, Any]:
    """Summary and tables of the section."""
    checks, times = checked(found), timed(found)
    summary, tables = [], []
    if len(checks):
        summary += said_of_checks(checks)
        tables += [architectures_table(checks), left_table(checks)]
    if len(times):
        summary += said_of_times(times)
        tables.append(predict_table(times))
    return {"summary": summary, "tables": tables}


def checked(found: Sequence[Finding]) -> pd.DataFrame:
    """A row for each architecture and operation; `reasons` as text."""
    rows = [
        {
            **row,
            "backend": finding.cell.backend,
            "architecture": finding.cell.name,
            "reasons": "; ".join(_reasons(row["reasons"])),
        }
        for finding in found
        if finding.cell.kind == APPLICATION
        for row in finding.result
    ]
    frame = pd.DataFrame(rows, columns=TIDY)
    return frame.sort_values(["backend", "architecture"], kind="stable", ignore_index=True)


def timed(found: Sequence[Finding]) -> pd.DataFrame:
    """A row for each network, number of threads and clock."""
    rows = []
    for finding in found:
        cell, seconds = finding.cell, finding.result
        for clock in ("CPU", "wall") if cell.kind == PREDICT else ():
            end = "" if clock == "CPU" else " clock"
            whole, folded = (np.array(seconds[side + end]) for side in ("whole", "folded"))
            low, middle, high = np.quantile(whole / folded, (0.25, 0.5, 0.75))
            images = f"{cell.batch}x{cell.side}x{cell.side}x3"
            row = [cell.backend, cell.name, images, cell.threads, clock]
            row += [np.median(whole), np.median(folded), middle, low, high, len(whole)]
            rows.append(row)
    return pd.DataFrame(rows, columns=TIMES)


def said_of_checks(checks: pd.DataFrame) -> list[str]:
    told = []
    for backend, frame in checks.groupby("backend", sort=False):
        tried = frame["architecture"].unique()
        failed = frame[frame["failed"] != ""]
        told.append(
            f"{backend}: {len(tried)} of {len(names())} architectures tried, "
            f"{len(tried) - failed['architecture'].nunique()} without a failure."
        )
        told += [f"{r.architecture}, {r.operation}: {r.failed}." for r in failed.itertuples()]
        folds = frame[(frame["operation"] == FOLD) & (frame["done"] > 0)]
        close, wide = folds["error"] <= TOLERANCE, folds["in float64"].max()
        if len(folds):
            told.append(
                f"{backend}: outputs after a fold differ in float64 by {number(wide)} of the "
                f"largest at most; in float32 by at most {number(TOLERANCE)} in {close.sum()} of "
                f"{len(folds)} networks, in the others by up to {number(_beyond(folds))} times the "
                "network's own rounding."
            )
    return told


def said_of_times(times: pd.DataFrame) -> list[str]:
    told = []
    for row in times[times["clock"] == "CPU"].to_dict("records"):
        sentence = (
            f"{row['backend']}, {_threads(row)}: {row['network']} predicts {row['ratio']:.2f} "
            f"[{row['ratio_q25']:.2f}, {row['ratio_q75']:.2f}] times as fast after the fold"
        )
        if row["backend"] == "tensorflow":
            reached = "reached" if row["ratio"] >= TARGET else "not reached"
            sentence += f"; at least {TARGET}: {reached}"
        told.append(f"{sentence}.")
    return told


def architectures_table(checks: pd.DataFrame) -> Table:
    """A line each architecture, a column each operation."""
    rows = []
    for (backend, name), frame in checks.groupby(["backend", "architecture"], sort=False):
        line = {"architecture": name, "on": backend}
        by_operation = frame.set_index("operation").to_dict("index")
        line["fold, float32"] = number(by_operation[FOLD]["error"])
        line["own rounding"] = number(by_operation[FOLD]["rounding"])
        line["fold, float64"] = number(by_operation[FOLD]["in float64"])
        line |= {operation: _told(by_operation[operation]) for operation in OPERATIONS}
        rows.append(line)
    caption = (
        "Normalizers folded or converted, of those that there are. A fold's errors are the largest "
        f"difference of outputs over the largest output. {ROUND_TRIP}: to this library's and back "
        "to Keras's. The others: converted, trained for a step, saved and loaded."
    )
    return Table("surgery", pd.DataFrame(rows), caption, checks)


def left_table(checks: pd.DataFrame) -> Table:
    """What was left and why, a line for each architecture, operation and reason."""
    left = checks[checks["left"] > 0]
    columns = ["architecture", "operation", "left", "reasons"]
    caption = "Normalizers that were left, with the reason of each."
    return Table("surgery-left", left[columns], caption)


def predict_table(times: pd.DataFrame) -> Table:
    rows = [
        {
            "network": row["network"],
            "on": f"{row['backend']}, {_threads(row)}",
            "images": row["images"],
            "clock": row["clock"],
            "before, ms": number(1e3 * row["whole"]),
            "after, ms": number(1e3 * row["folded"]),
            "before over after": f"{row['ratio']:.2f} [{row['ratio_q25']:.2f}, "
            f"{row['ratio_q75']:.2f}]",
        }
        for row in times.to_dict("records")
    ]
    caption = (
        "`predict` before and after a fold: medians, and the ratio of neighbours. What else the "
        "machine does counts on the wall's clock, not on the processor's."
    )
    return Table("surgery-predict", pd.DataFrame(rows), caption, times)


def _told(row: dict[str, Any]) -> str:
    total = row["done"] + row["left"]
    told = f"{row['done']} of {total}" if total else "none there"
    return f"{told}; {row['failed']}" if row["failed"] else told


def _threads(row: dict[str, Any]) -> str:
    threads = row["threads"] or "all"
    return f"{threads} thread{'s' * (threads != 1)}"


def _beyond(folds: pd.DataFrame) -> float:
    """The largest error over the network's own rounding, where it is above the tolerance."""
    far = folds[folds["error"] > TOLERANCE]
    return float((far["error"] / far["rounding"]).max()) if len(far) else 0.0


def _reasons(reasons: dict[str, list[str]]) -> list[str]:
    """Reasons that differ by the layers that they name are told one by one."""
    return [f"{', '.join(layers)}: {reason}" for reason, layers in reasons.items()]
