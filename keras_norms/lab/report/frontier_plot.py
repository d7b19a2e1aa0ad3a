"""Edges against depth, or another number: a panel a normalizer, the others in grey."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator, ScalarFormatter

from keras_norms.lab.edges.cell import Cell, Edge
from keras_norms.lab.report.figures import Figure, colour, drawing, marker

COLUMNS = 5  # panels beside one another at most
GREY = "#c9c9c9"
EDGES = {"trains": ("-", "trains"), "blow_up": ((0, (4, 2.5)), "blow-up")}


@dataclass(frozen=True)
class Along:
    """What the cells are set out along: a column of the table and the axis of the figure."""

    column: str
    label: str
    of: Callable[[Cell], Any]


def depth_of(cell: Cell) -> int:
    return cell.program.of("model").arguments["depth"]


def normalizer_of(cell: Cell) -> str:
    return cell.program.normalizer


DEPTH = Along("depth", "depth (hidden layers or blocks)", depth_of)


def draw_frontier(
    folder: Path,
    name: str,
    cells: Sequence[Cell],
    *,
    steps: int,
    what: str,
    along: Along = DEPTH,
    by: Callable[[Cell], str] = normalizer_of,
) -> Figure:
    """Learning rate (log) against a number (log 2), at its exact place in every panel.

    Solid: trains; dashed: blow-up; between the lower and the alive edge the window is shaded.
    Bars are the 90 % intervals of the population's median. A cell in which no run trained is a
    cross at the bottom, one in which every rate is good an arrow at the top; what the runs leave
    open is a bar alone. No line passes through either.
    """
    normalizers = list(dict.fromkeys(map(by, cells)))
    columns = min(COLUMNS, len(normalizers))
    rows = -(-len(normalizers) // columns)
    caption = (
        f"Largest stable learning rates by {along.column}: {what}, {steps} steps. Solid: up to "
        "where runs train; dashed: up to where they do not blow up; shaded: from the lower edge "
        "to the upper. Lines join medians, bars are 90 % intervals; grey lines are the other "
        "normalizers' trains edges. ×: no rate trained; ▲: every rate is below the edge."
    )
    figure = Figure(name, folder, caption)
    size = {"width": 2.4 * columns + 0.6, "height": 2.5 * rows + 0.7}
    with drawing(figure, rows=rows, columns=columns, **size) as panels:
        panels = np.atleast_1d(panels).ravel()
        lines = {
            one: sorted((cell for cell in cells if by(cell) == one), key=along.of)
            for one in normalizers
        }
        for panel, normalizer in zip(panels, normalizers, strict=False):
            for other, theirs in lines.items():
                if other != normalizer:
                    _line(panel, theirs, along, "trains", GREY, lw=1.0, zorder=1)
            _panel(panel, lines[normalizer], along, normalizer)
            panel.set_title(normalizer.partition(":")[0], fontsize=10.5, pad=6)
        for panel in panels[len(normalizers) :]:
            panel.set_visible(False)
        _axes(panels[0], sorted({along.of(cell) for cell in cells}))
        canvas = panels[0].figure
        canvas.supxlabel(along.label, fontsize=10.5)
        canvas.supylabel("learning rate", fontsize=10.5)
        handles = [
            Line2D([], [], ls=style, color="#333333", label=label)
            for style, label in EDGES.values()
        ]
        canvas.legend(handles=handles, loc="outside upper right", ncols=2)
    return figure


def _axes(axes: Axes, places: list[Any]) -> None:
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.xaxis.set(
        major_locator=FixedLocator(places),
        minor_locator=NullLocator(),
        major_formatter=ScalarFormatter(),
    )
    axes.set_xlim(places[0] / 2**0.4, places[-1] * 2**0.4)


def _panel(axes: Axes, cells: Sequence[Cell], along: Along, normalizer: str) -> None:
    ink, mark = colour(normalizer), marker(normalizer)
    window = [cell for cell in cells if _known(cell.trains)]
    lows = [max(cell.lower.median, cell.lower.range[0]) for cell in window]
    tops = [cell.trains.median for cell in window]
    axes.fill_between([along.of(cell) for cell in window], lows, tops, color=ink, alpha=0.1, lw=0)
    for edge, (_, _) in EDGES.items():
        _line(axes, cells, along, edge, ink, lw=1.8, zorder=3)
        for cell in cells:
            _cell(axes, along.of(cell), getattr(cell, edge), ink, mark, edge == "trains")


def _line(
    axes: Axes, cells: Sequence[Cell], along: Along, edge: str, ink: str, **options: Any
) -> None:
    medians = [found.median if _known(found := getattr(cell, edge)) else math.nan for cell in cells]
    axes.plot([along.of(cell) for cell in cells], medians, color=ink, ls=EDGES[edge][0], **options)


def _cell(axes: Axes, at: Any, edge: Edge, ink: str, mark: str, filled: bool) -> None:
    low, high = np.clip(edge.interval, *edge.range)
    if low < high:
        axes.plot([at, at], [low, high], color=ink, lw=1.0 if edge.resolved else 0.6, zorder=2)
    face = ink if filled else "white"
    if _known(edge):
        axes.plot(at, edge.median, mark, ms=4.5, mfc=face, mec=ink, mew=0.9, zorder=4)
    elif edge.resolved:
        shape, height = ("x", 0.04) if edge.median == 0 else ("^", 0.96)
        where = axes.get_xaxis_transform()
        axes.plot(at, height, shape, c=ink, ms=6, mew=1.5, mfc=face, transform=where)


def _known(edge: Edge) -> bool:
    return edge.resolved and 0 < edge.median < math.inf
