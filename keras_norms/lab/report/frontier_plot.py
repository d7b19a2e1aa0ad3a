"""The largest stable learning rate against depth: both edges, every seed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator, ScalarFormatter

from keras_norms.lab.report.figures import Figure, colour, drawing, marker
from keras_norms.lab.stability.frontier import Cell, Spread

TRAINS, BLOW_UP = "-", (0, (4, 2.5))
APART = 0.025  # between the normalizers at one depth, as a share of the axis


def draw_frontier(
    folder: Path, name: str, cells: Sequence[Cell], *, title: str, caption: str
) -> Figure:
    """Draws learning rate (log) against depth (log 2), one colour a normalizer.

    Solid: trains. Dashed: blow-up. Lines join the medians, points are the seeds, bars their
    range. A cell in which no learning rate trains is a cross at the bottom.
    """
    normalizers = list(dict.fromkeys(cell.normalizer for cell in cells))
    depths = sorted({cell.depth for cell in cells})
    apart = (2 * depths[-1] / depths[0]) ** APART
    figure = Figure(name, folder, caption)
    with drawing(figure) as axes:
        axes.margins(y=0.1)
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        for place, normalizer in enumerate(normalizers):
            mine = sorted((c for c in cells if c.normalizer == normalizer), key=lambda c: c.depth)
            shift = apart ** (place - (len(normalizers) - 1) / 2)
            x = [cell.depth * shift for cell in mine]
            ink, mark = colour(normalizer), marker(normalizer)
            _edge(axes, x, [cell.blow_up for cell in mine], ink, mark, BLOW_UP, filled=False)
            _edge(axes, x, [cell.trains for cell in mine], ink, mark, TRAINS, filled=True)
            absent = [at for at, cell in zip(x, mine, strict=True) if cell.trains.median is None]
            if absent:  # an empty line would still take its place at the figure's corner
                low = axes.get_xaxis_transform()
                axes.plot(absent, [0.03] * len(absent), "x", c=ink, ms=6.5, mew=1.8, transform=low)
        axes.xaxis.set(
            major_locator=FixedLocator(depths),
            minor_locator=NullLocator(),
            major_formatter=ScalarFormatter(),
        )
        axes.set_xlim(depths[0] / 2**0.35, depths[-1] * 2**0.35)
        axes.set(xlabel="depth (hidden layers or blocks)", ylabel="learning rate")
        axes.set_title(title)
        _legend(axes, normalizers, crosses=any(cell.trains.median is None for cell in cells))
    return figure


def _edge(
    axes: Axes, x: list, spreads: list[Spread], ink: str, mark: str, dashes, *, filled: bool
) -> None:
    median = [math.nan if s.median is None else s.median for s in spreads]
    axes.plot(x, median, color=ink, ls=dashes, alpha=1 if filled else 0.75, zorder=3)
    for at, spread in zip(x, spreads, strict=True):
        values = [value for value in spread.values if value is not None]
        face = ink if filled else "white"
        axes.plot([at] * len(values), values, mark, ms=4.5, mfc=face, mec=ink, mew=1, zorder=4)
        if len(values) > 1:
            axes.plot([at, at], [min(values), max(values)], color=ink, lw=1, zorder=2)


def _legend(axes: Axes, normalizers: list[str], *, crosses: bool) -> None:
    lines = [
        Line2D([], [], color=colour(name), marker=marker(name), lw=3, label=name)
        for name in normalizers
    ]
    grey = {"color": "#333333", "ms": 4.5, "marker": "o"}
    lines += [
        Line2D([], [], ls=TRAINS, label="trains", **grey),
        Line2D([], [], ls=BLOW_UP, mfc="white", label="blow-up", **grey),
    ]
    if crosses:
        lines.append(
            Line2D([], [], ls="", marker="x", mew=2, color="#333333", label="no rate trains")
        )
    axes.figure.legend(handles=lines, loc="outside right center", handlelength=3)
