"""Throughput as tables: what was measured, and what the paper's steps come to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from benchmarks.ioffe2015.arms import ARMS
from keras_norms.lab.report.tables import Table, number, percent

PAPER_BATCH = 32
DAY = 24 * 3600


def rates_table(name: str, found: Sequence[dict[str, Any]]) -> Table:
    """A row a measurement."""
    rows, tidy = [], []
    for row in found:
        numbers = row | (measures(row) if row["network"] != "pipeline" else {})
        tidy.append(numbers)
        rows.append(
            {
                "network": row["network"],
                "backend": row["backend"],
                "device": row["device"].partition(" ")[0],
                "precision": row.get("precision", "–"),
                "batch": row.get("batch", "–"),
                "images/s": number(row["images_per_second"]),
                "GFLOP an image": _giga(numbers.get("operations_an_image")),
                "GFLOP/s": _giga(numbers.get("operations_a_second")),
                "peak GFLOP/s": _giga(row.get("peak")),
                "utilization": percent(numbers["utilization"]) if "peak" in row else "–",
            }
        )
    caption = (
        "Training: images/s, and of what the device does in a matrix product of that precision how "
        "much a step uses. The pipeline: images/s that it makes on its own. On a CPU of CPU time, "
        "a core."
    )
    return Table(f"{name}-rates", pd.DataFrame(rows), caption, pd.DataFrame(tidy))


def measures(row: dict[str, Any]) -> dict[str, float]:
    """What follows from a measurement of a network."""
    an_image = row["operations"] / row["batch"]
    a_second = an_image * row["images_per_second"]
    return {
        "operations_an_image": an_image,
        "operations_a_second": a_second,
        "utilization": a_second / row["peak"],
    }


def totals_table(name: str, found: Sequence[dict[str, Any]]) -> Table:
    """A row an arm whose steps the paper gives; a column a measurement of the full network."""
    rows, tidy = [], []
    for arm in ARMS:
        if arm.paper_steps is None:
            continue
        images = arm.paper_steps * 1e6 * PAPER_BATCH
        days = {_called(row): images / row["images_per_second"] / DAY for row in _full(found)}
        steps = {"network": arm.name, "steps": f"{arm.paper_steps}M"}
        rows.append(steps | {called: f"{number(value)} days" for called, value in days.items()})
        tidy += [steps | {"measured": called, "days": value} for called, value in days.items()]
    caption = (
        f"How long the paper's steps of {PAPER_BATCH} images to 72.2 % would take at the rates "
        "above on one device (of a CPU: one core), estimated."
    )
    return Table(f"{name}-totals", pd.DataFrame(rows), caption, pd.DataFrame(tidy))


def sentences(found: Sequence[dict[str, Any]]) -> list[str]:
    """A sentence a measurement of the full network."""
    plain, fast = (next(a for a in ARMS if a.name == name) for name in ("Inception", "BN-x5"))
    said = []
    for row in _full(found):
        days = PAPER_BATCH * 1e6 / row["images_per_second"] / DAY
        said.append(
            f"{_called(row)}: {number(row['images_per_second'])} images/s at batches of "
            f"{row['batch']}, {percent(measures(row)['utilization'])} of the peak of matrix "
            f"products; the paper's {plain.paper_steps} million steps of {plain.name} would take "
            f"{number(plain.paper_steps * days)} days, the {fast.paper_steps} million of "
            f"{fast.name} {number(fast.paper_steps * days)}."
        )
    return said


def _full(found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in found if row["network"] == "full"]


def _called(row: dict[str, Any]) -> str:
    return f"{row['backend']}, {row['device'].partition(' ')[0]}, {row['precision']}"


def _giga(value: float | None) -> str:
    return number(None if value is None else value / 1e9)
