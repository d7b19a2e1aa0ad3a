"""The measured cells as sentences, tables and a figure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.speed.cells import BACKWARD, DTYPES, LAYER, NETWORK, SHAPES
from benchmarks.speed.figure import draw_ratios
from benchmarks.speed.layers import AGAIN, FLOOR, KERAS, NATIVE, OURS
from benchmarks.speed.measuring import Measurement
from benchmarks.speed.networks import NONE, SPECS
from benchmarks.speed.results import place, results
from benchmarks.speed.targets import Target, targets, targets_table
from keras_norms.lab.report.tables import Table, number

ROW = ["device", "backend", "mode", "name"]  # what a line of a table is about


def contents(found: Sequence[Measurement], folder: Path) -> dict[str, Any]:
    """Summary, figures and tables of the section."""
    frame = results(found)
    timed = frame[frame["quantity"] == "seconds"]
    layers = timed[timed["subject"] == LAYER]
    held = targets(frame)
    tables = [main_table(frame), targets_table(held)]
    tables += [shapes_table(layers), networks_table(timed), memory_table(frame)]
    main = at_main(layers)
    compared = main[(main["side"] == OURS) & main["over_keras"].notna()]
    figures = [draw_ratios(folder / "figures", compared, held)] if len(compared) else []
    return {
        "summary": summary(held),
        "figures": figures,
        "tables": [table for table in tables if len(table.frame) or table.tidy is not None],
    }


def summary(held: Sequence[Target]) -> list[str]:
    if not held:
        return ["Nothing that a target speaks of is measured: those are of a CPU, in float32."]
    reached = sum(target.reached for target in held)
    told = [f"{target.claim}: {target.verdict}, {target.here}." for target in held]
    return [f"{reached} of {len(held)} targets are reached.", *told]


def at_main(layers: pd.DataFrame) -> pd.DataFrame:
    """Forward and backward on the first shape that there is, in the first precision."""
    layers = layers[layers["work"] == BACKWARD]
    for column, order in (("shape", SHAPES), ("dtype", DTYPES)):
        there = list(layers[column])
        known = [value for value in order if value in there]
        layers = layers[layers[column].isin((known or there)[:1])]
    return layers


def main_table(frame: pd.DataFrame) -> Table:
    """A line each normalizer and place, with everything measured behind it as the CSV."""
    layers = frame[frame["subject"] == LAYER]
    main = at_main(layers[layers["quantity"] == "seconds"])
    first = at_main(layers[layers["quantity"] == "first call"])
    rows = []
    for about, sides in main.groupby(ROW, sort=False):
        ours, again = _side(sides, OURS), _side(sides, AGAIN)
        same = (first[ROW] == list(about)).all(axis=1)
        rows.append(
            {
                "normalizer": ours["name"],
                "on": place(ours),
                "ms": number(1e3 * ours["median"]),
                "over Keras": with_quartiles(ours, "over_keras"),
                "over native": with_quartiles(ours, "over_native"),
                "over floor": with_quartiles(ours, "over_floor"),
                "control": with_quartiles(again, "over_ours"),
                "first call, s": number(_side(first[same], OURS)["median"]),
            }
        )
    shape, dtype = (main[column].iloc[0] if len(main) else "–" for column in ("shape", "dtype"))
    caption = (
        f"Layers forward and backward, {shape}, {dtype}: the time of ours, and its ratio to "
        "Keras's layer, to the framework's operation and to the floor; median over rounds with "
        "quartiles. Control: ours over ours. First call: CPU seconds with compiling."
    )
    return Table("speed", pd.DataFrame(rows), caption, frame)


def shapes_table(layers: pd.DataFrame) -> Table:
    """A line each normalizer, place and work; a column each shape and precision."""
    ours = layers[layers["side"] == OURS]
    columns = [
        (shape, dtype)
        for shape in (*SHAPES, *sorted(set(ours["shape"]) - set(SHAPES)))
        for dtype in DTYPES
        if ((ours["shape"] == shape) & (ours["dtype"] == dtype)).any()
    ]
    rows = []
    for _, group in ours.groupby([*ROW, "work"], sort=False):
        line = {"normalizer": group["name"].iloc[0], "on": place(group.iloc[0])}
        line["work"] = group["work"].iloc[0]
        for shape, dtype in columns:
            cell = group[(group["shape"] == shape) & (group["dtype"] == dtype)]
            line[f"{shape} {dtype}"] = _milliseconds(cell.iloc[-1]) if len(cell) else "–"
        rows.append(line)
    caption = "Milliseconds of ours, and in parentheses its ratio to Keras's layer (median)."
    return Table("speed-shapes", pd.DataFrame(rows), caption)


def networks_table(timed: pd.DataFrame) -> Table:
    """A line each network and place, a column each normalizer."""
    rows = []
    for _, sides in timed[timed["subject"] == NETWORK].groupby([*ROW, "shape"], sort=False):
        none = _side(sides, NONE)
        line = {"network": none["name"], "on": place(none), "images": none["shape"]}
        line["none, ms"] = number(1e3 * none["median"])
        present = [side for side in SPECS if side != NONE and side in set(sides["side"])]
        line |= {side: with_quartiles(_side(sides, side), "over_none") for side in present}
        rows.append(line)
    caption = (
        "A training step with each normalizer over one without: median over rounds with quartiles. "
        "Floor: x * a + b in the normalizer's place. The last column is the control. Layer: over "
        "the whole example; over channels: as Keras's."
    )
    return Table("speed-networks", pd.DataFrame(rows), caption)


def memory_table(frame: pd.DataFrame) -> Table:
    rows = []
    kept = frame[frame["quantity"] == "MiB"]
    for _, sides in kept.groupby([*ROW, "shape"], sort=False):
        head = sides.iloc[0]
        line = {"of": head["name"], "on": place(head), "shape": head["shape"]}
        order = [OURS, KERAS, NATIVE, FLOOR] if head["subject"] == LAYER else list(SPECS)
        line |= {s: number(_side(sides, s)["median"]) for s in order if s in set(sides["side"])}
        rows.append(line)
    caption = (
        "MiB kept for the backward pass: torch, what autograd saves; JAX, XLA's temporary memory. "
        "TensorFlow is not measured."
    )
    return Table("speed-memory", pd.DataFrame(rows).fillna("–"), caption)


def with_quartiles(row: pd.Series, column: str) -> str:
    if pd.isna(row[column]):
        return "–"
    return f"{row[column]:.2f} [{row[column + '_q25']:.2f}, {row[column + '_q75']:.2f}]"


def _milliseconds(row: pd.Series) -> str:
    ratio = "" if pd.isna(row["over_keras"]) else f" ({row['over_keras']:.2f})"
    return number(1e3 * row["median"]) + ratio


def _side(rows: pd.DataFrame, side: str) -> pd.Series:
    """The row of one side, the last where there are several."""
    return rows[rows["side"] == side].iloc[-1]
