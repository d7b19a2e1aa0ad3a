"""Ours over Keras's: a line each normalizer, a mark each backend, quartiles as bars."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from benchmarks.speed.cells import MAIN
from benchmarks.speed.results import place
from benchmarks.speed.targets import Target
from keras_norms.lab.report.figures import Figure, colour, drawing

MARKS = {"graph": "o", "XLA": "s", "jit": "^", "eager": "D"}
HEIGHT = 0.7  # of a normalizer's band, in which the backends stand apart
TICKS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)


def draw_ratios(folder: Path, rows: pd.DataFrame, targets: Sequence[Target]) -> Figure:
    """Draws `over_keras` of each row on a log axis; left of the line at 1 ours is cheaper."""
    shape, dtype = rows["shape"].iloc[0], rows["dtype"].iloc[0]
    caption = (
        f"Cost of our layers over Keras's, forward and backward, {shape}, {dtype}. Marks are "
        "medians over rounds in which both take turns, bars their quartiles; open marks are of a "
        "GPU. Upright ticks are the targets."
    )
    figure = Figure("speed", folder, caption)
    names = sorted(set(rows["name"]), key=lambda n: (n not in MAIN, (*MAIN, n).index(n), n))
    rows = rows.assign(place=[place(row) for _, row in rows.iterrows()])
    rows = rows.drop_duplicates(["name", "place"], keep="last")
    places = list(dict.fromkeys(rows["place"]))
    limits = {(t.name, t.place): t.limit for t in targets if t.of_layer}
    with drawing(figure, height=1.6 + 0.16 * len(names) * max(len(places), 2)) as axes:
        axes.axvline(1.0, color="#333333", lw=1.2, zorder=1)
        for _, row in rows.iterrows():
            among = (places.index(row["place"]) + 0.5) / len(places) - 0.5
            _mark(axes, row, names.index(row["name"]) + HEIGHT * among)
            if limit := limits.get((row["name"], row["place"])):
                at = names.index(row["name"]) + HEIGHT * among
                axes.plot([limit], [at], "|", color="#333333", ms=9, mew=1.2, zorder=2)
        _scale(axes, rows)
        axes.set_yticks(range(len(names)), names)
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.grid(False, axis="y")
        for between in range(1, len(names)):
            axes.axhline(between - 0.5, color="#e6e6e6", lw=0.8, zorder=0)
        axes.set(xlabel="time of ours / time of Keras's (log)")
        axes.set_title("Cost of a layer beside Keras's own")
        _legend(axes, rows, ticks=bool(limits))
    return figure


def _mark(axes: Axes, row: pd.Series, at: float) -> None:
    ink = colour(row["name"])
    axes.plot([row["over_keras_q25"], row["over_keras_q75"]], [at, at], color=ink, lw=1.4, zorder=3)
    face = ink if row["device"] == "cpu" else "white"
    axes.plot([row["over_keras"]], [at], MARKS[row["mode"]], ms=6, mfc=face, mec=ink, zorder=4)


def _scale(axes: Axes, rows: pd.DataFrame) -> None:
    low = min(rows["over_keras_q25"].min(), 0.5) / 1.15
    high = max(rows["over_keras_q75"].max(), 1.2) * 1.15
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.xaxis.set(
        major_locator=FixedLocator([tick for tick in TICKS if low <= tick <= high]),
        minor_locator=NullLocator(),
        major_formatter=FuncFormatter(lambda value, _: f"{value:g}"),
    )


def _legend(axes: Axes, rows: pd.DataFrame, *, ticks: bool) -> None:
    lines = [
        Line2D(
            [],
            [],
            ls="",
            marker=MARKS[row["mode"]],
            ms=6,
            mec="#333333",
            mfc="#333333" if row["device"] == "cpu" else "white",
            label=row["place"],
        )
        for _, row in rows.drop_duplicates("place").iterrows()
    ]
    if ticks:
        lines.append(Line2D([], [], ls="", marker="|", ms=9, color="#333333", label="target"))
    axes.figure.legend(handles=lines, loc="outside right center")
