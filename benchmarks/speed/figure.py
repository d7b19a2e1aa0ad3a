"""Ours over Keras's: a line each normalizer, a mark each backend, intervals as bars."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from benchmarks.speed.cells import KERAS, OURS
from benchmarks.speed.machine import slug
from benchmarks.speed.results import Measured
from benchmarks.speed.targets import layer_limit
from keras_norms.lab.quantity import Quantity
from keras_norms.lab.report.figures import Figure, colour, drawing

MARKS = {"graph": "o", "XLA": "s", "jit": "^", "eager": "D"}
HEIGHT = 0.7  # of a normalizer's band, in which the backends stand apart
TICKS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
INK = "#333333"


def draw_ratios(folder: Path, machine: str, found: Sequence[Measured]) -> Figure:
    """Draws the time of ours over Keras's in each cell, on a log axis; left of 1 ours is cheaper.

    Args:
        found: one cell a normalizer and place, each with both sides.
    """
    cell = found[0].cell
    caption = (
        f"{machine}: cost of our layers over Keras's, forward and backward, {cell['shape']}, "
        f"{cell['dtype']}. Marks are medians over rounds in which both take turns, bars the exact "
        "95 % intervals. Upright ticks are the targets."
    )
    figure = Figure(f"speed-{slug(machine)}", folder, caption)
    names = list(dict.fromkeys(one.cell["name"] for one in found))
    places = list(dict.fromkeys(one.place for one in found))
    both = [(one, one.ratio(OURS, KERAS)) for one in found]
    ratios = [(one, ratio) for one, ratio in both if ratio is not None]
    with drawing(figure, height=1.6 + 0.16 * len(names) * max(len(places), 2)) as axes:
        axes.axvline(1.0, color=INK, lw=1.2, zorder=1)
        for one, ratio in ratios:
            among = (places.index(one.place) + 0.5) / len(places) - 0.5
            _mark(axes, one, ratio, names.index(one.cell["name"]) + HEIGHT * among)
        _scale(axes, [ratio for _, ratio in ratios])
        axes.set_yticks(range(len(names)), names)
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.grid(False, axis="y")
        for between in range(1, len(names)):
            axes.axhline(between - 0.5, color="#e6e6e6", lw=0.8, zorder=0)
        axes.set(xlabel="time of ours / time of Keras's (log)")
        axes.set_title("Cost of a layer beside Keras's own")
        _legend(axes, found)
    return figure


def _mark(axes: Axes, one: Measured, ratio: Quantity, at: float) -> None:
    ink, interval = colour(one.cell["name"]), ratio.interval
    axes.plot([interval.low, interval.high], [at, at], color=ink, lw=1.4, zorder=3)
    axes.plot([ratio.estimate], [at], MARKS[one.cell["mode"]], ms=6, color=ink, zorder=4)
    if limit := layer_limit(one.place, one.cell["name"]):
        axes.plot([limit], [at], "|", color=INK, ms=9, mew=1.2, zorder=2)


def _scale(axes: Axes, ratios: Sequence[Quantity]) -> None:
    low = min(0.5, *(ratio.interval.low for ratio in ratios)) / 1.15
    high = max(1.2, *(ratio.interval.high for ratio in ratios)) * 1.15
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.xaxis.set(
        major_locator=FixedLocator([tick for tick in TICKS if low <= tick <= high]),
        minor_locator=NullLocator(),
        major_formatter=FuncFormatter(lambda value, _: f"{value:g}"),
    )


def _legend(axes: Axes, found: Sequence[Measured]) -> None:
    modes = {one.place: MARKS[one.cell["mode"]] for one in found}
    style = {"ls": "", "color": INK}
    lines = [Line2D([], [], marker=m, ms=6, label=place, **style) for place, m in modes.items()]
    if any(layer_limit(one.place, one.cell["name"]) for one in found):
        lines.append(Line2D([], [], marker="|", ms=9, label="target", **style))
    axes.figure.legend(handles=lines, loc="outside right center")
