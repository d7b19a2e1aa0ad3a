"""Throughput as tables: what was measured, and what the paper's steps come to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from benchmarks.ioffe2015.networks import ARMS
from keras_norms.lab.found import Group
from keras_norms.lab.report.claims import interval_text
from keras_norms.lab.report.tables import Table, number, percent
from keras_norms.lab.statistics import median

PAPER_BATCH = 32
DAY = 24 * 3600
FULL_PIXELS = 224


def measurements(networks: Group) -> Iterator[dict[str, Any]]:
    """A row a measurement of a network, with what follows from it."""
    for job, found in zip(networks.jobs, networks, strict=True):
        run, rates = job.arguments["run"], found["images_per_second"]
        an_image = found["operations"] / run["batch"]
        yield {
            "network": "full" if job.arguments["pixels"] == FULL_PIXELS else "slim",
            "backend": job.backend,
            "machine": job.arguments["machine"],
            "model": run["model"],
            "precision": run["precision"],
            "batch": run["batch"],
            "rates": rates,
            "images_per_second": median(rates),
            "operations_an_image": an_image,
            "operations_a_second": an_image * median(rates),
            "peak": found["peak"],
            "utilization": an_image * median(rates) / found["peak"],
        }


def rates_table(name: str, networks: Group, pipelines: Group) -> Table:
    """A row a measurement."""
    tidy = [*measurements(networks)]
    rows = [
        {
            **{column: row[column] for column in ("network", "backend", "machine", "precision")},
            "batch": str(row["batch"]),
            "images/s": interval_text(row["rates"]),
            "GFLOP an image": number(row["operations_an_image"] / 1e9),
            "GFLOP/s": number(row["operations_a_second"] / 1e9),
            "peak GFLOP/s": number(row["peak"] / 1e9),
            "utilization": percent(row["utilization"]),
        }
        for row in tidy
    ]
    for job, rate in zip(pipelines.jobs, pipelines, strict=True):
        known = {"network": "pipeline", "backend": job.backend, **job.arguments}
        tidy.append({**known, "images_per_second": rate})
        rows.append({**known, "batch": str(known["batch"]), "images/s": number(rate)})
    caption = (
        "Training: images/s (median over rounds with its exact interval), and of what the device "
        "does in a matrix product of that precision how much a step uses. The pipeline: images/s "
        "that it makes on its own. On a CPU of CPU time, a core."
    )
    shown = pd.DataFrame(rows).fillna("–")
    return Table(f"{name}-rates", shown, caption, pd.DataFrame(tidy).drop(columns="rates"))


def totals_table(name: str, networks: Group) -> Table:
    """A row an arm whose steps the paper gives; a column a measurement of the full network."""
    rows, tidy = [], []
    for arm in ARMS.values():
        if arm.paper_steps is None:
            continue
        steps = {"network": arm.name, "steps": f"{arm.paper_steps}M"}
        days = {_called(row): arm.paper_steps * _days(row) for row in _full(networks)}
        rows.append(steps | {called: f"{number(value)} days" for called, value in days.items()})
        tidy += [steps | {"measured": called, "days": value} for called, value in days.items()]
    caption = (
        f"How long the paper's steps of {PAPER_BATCH} images to 72.2 % would take at the rates "
        "above on one device (of a CPU: one core), estimated."
    )
    return Table(f"{name}-totals", pd.DataFrame(rows), caption, pd.DataFrame(tidy))


def sentences(networks: Group) -> Iterator[str]:
    """A sentence a measurement of the full network."""
    plain, fast = ARMS["Inception"], ARMS["BN-x5"]
    for row in _full(networks):
        yield (
            f"{_called(row)}: {number(row['images_per_second'])} images/s at batches of "
            f"{row['batch']}, {percent(row['utilization'])} of the peak of matrix products; the "
            f"paper's {plain.paper_steps} million steps of {plain.name} would take "
            f"{number(plain.paper_steps * _days(row))} days, the {fast.paper_steps} million of "
            f"{fast.name} {number(fast.paper_steps * _days(row))}."
        )


def _days(row: dict[str, Any]) -> float:
    """A million of the paper's steps."""
    return PAPER_BATCH * 1e6 / row["images_per_second"] / DAY


def _full(networks: Group) -> list[dict[str, Any]]:
    return [row for row in measurements(networks) if row["network"] == "full"]


def _called(row: dict[str, Any]) -> str:
    return f"{row['backend']}, {row['machine']}, {row['model']}, {row['precision']}"
