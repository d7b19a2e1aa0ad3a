"""The largest stable learning rate against depth, or another number: every seed, with intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator, ScalarFormatter

from keras_norms.lab.edges.cell import Cell, Edge
from keras_norms.lab.report.figures import Figure, colour, drawing, marker

LINES = {"trains": "-", "blow_up": (0, (4, 2.5))}
NAMES = {"trains": "trains", "blow_up": "blow-up"}
APART = 0.025  # between the normalizers at one place, as a share of the axis
CLUSTER = 0.7  # of the distance to the next place, that all of them may take up


@dataclass(frozen=True)
class Along:
    """What the cells are set out along: a column of the table and the axis of the figure."""

    column: str
    label: str
    of: Callable[[Cell], Any]


DEPTH = Along("depth", "depth (hidden layers or blocks)", lambda cell: cell.program.depth)


def draw_frontier(
    folder: Path,
    name: str,
    cells: Sequence[Cell],
    *,
    title: str,
    caption: str,
    along: Along = DEPTH,
    edges: Sequence[str] = ("trains", "blow_up"),
) -> Figure:
    """Draws learning rate (log) against a number (log 2), one colour a normalizer.

    Solid: trains. Dashed: blow-up. Lines join the medians, points are the seeds, bars the 90 %
    intervals. A cell in which no learning rate is good is a cross at the bottom, one in which
    every one is an arrow at the top; one that its runs leave open is a thin bar alone.
    """
    normalizers = list(dict.fromkeys(cell.program.normalizer for cell in cells))
    places = sorted({along.of(cell) for cell in cells})
    nearest = min((b / a for a, b in pairwise(places)), default=2)
    apart = min((2 * places[-1] / places[0]) ** APART, nearest ** (CLUSTER / len(normalizers)))
    figure = Figure(name, folder, caption)
    with drawing(figure) as axes:
        axes.margins(y=0.1)
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        for place, normalizer in enumerate(normalizers):
            mine = sorted((c for c in cells if c.program.normalizer == normalizer), key=along.of)
            shift = apart ** (place - (len(normalizers) - 1) / 2)
            x = [along.of(cell) * shift for cell in mine]
            for edge in edges:
                _edge(axes, x, [getattr(cell, edge) for cell in mine], normalizer, edge)
        axes.xaxis.set(
            major_locator=FixedLocator(places),
            minor_locator=NullLocator(),
            major_formatter=ScalarFormatter(),
        )
        axes.set_xlim(places[0] / 2**0.42, places[-1] * 2**0.42)
        axes.set(xlabel=along.label, ylabel="learning rate")
        axes.set_title(title)
        _legend(axes, normalizers, edges, [getattr(c, edge) for c in cells for edge in edges])
    return figure


def _edge(axes: Axes, x: list[float], found: list[Edge], normalizer: str, name: str) -> None:
    ink, mark, filled = colour(normalizer), marker(normalizer), name == "trains"
    known = [edge.resolved and 0 < edge.median < math.inf for edge in found]
    medians = [edge.median if it else math.nan for edge, it in zip(found, known, strict=True)]
    axes.plot(x, medians, color=ink, ls=LINES[name], alpha=1 if filled else 0.75, zorder=3)
    face, edge_of_axes = ink if filled else "white", axes.get_xaxis_transform()
    for at, edge in zip(x, found, strict=True):
        low, high = np.clip(edge.interval, *edge.range)
        if low < high:
            axes.plot([at, at], [low, high], color=ink, lw=1 if edge.resolved else 0.6, zorder=2)
        values = [value for value in edge.values if edge.resolved and 0 < value < math.inf]
        axes.plot([at] * len(values), values, mark, ms=3.5, mfc=face, mec=ink, mew=0.8, zorder=4)
    for value, shape, height in ((0, "x", 0.03), (math.inf, "^", 0.97)):
        # An empty line would still take its place at the figure's corner.
        if absent := [
            at for at, edge in zip(x, found, strict=True) if edge.resolved and edge.median == value
        ]:
            axes.plot(
                absent, [height] * len(absent), shape, c=ink, ms=6, mew=1.6, mfc=face,
                transform=edge_of_axes,
            )  # fmt: skip


def _legend(
    axes: Axes, normalizers: list[str], edges: Sequence[str], drawn: Sequence[Edge]
) -> None:
    lines = [
        Line2D([], [], color=colour(name), marker=marker(name), lw=3, label=name)
        for name in normalizers
    ]
    grey = {"color": "#333333", "ms": 4.5}
    if len(edges) > 1:
        lines += [
            Line2D([], [], ls=LINES[edge], marker="o", mfc=face, label=NAMES[edge], **grey)
            for edge, face in zip(edges, ("#333333", "white"), strict=True)
        ]
    medians = {edge.median for edge in drawn if edge.resolved}
    for value, shape, label in ((0, "x", "no rate"), (math.inf, "^", "every rate")):
        if value in medians:
            lines.append(Line2D([], [], ls="", marker=shape, mew=1.6, label=label, **grey))
    if not all(edge.resolved for edge in drawn):
        lines.append(Line2D([], [], ls="", marker="|", ms=12, mew=0.6, label="left open", c="k"))
    axes.figure.legend(handles=lines, loc="outside right center", handlelength=3)
