"""Ratios with their intervals on a log axis: a row each name, a mark each series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from keras_norms.lab.quantity import Quantity
from keras_norms.lab.report.figures import Figure, colour, drawing

MARKS = ("o", "s", "^", "D", "v", "P", "X", "<")
HEIGHT = 0.7  # of a row's band, in which the series stand apart
TICKS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
INK = "#333333"


@dataclass(frozen=True)
class Bar:
    """A ratio: its row (a normalizer, whose colour it has), series, and the bound it is held to."""

    row: str
    series: str
    ratio: Quantity
    limit: float | None = None


def draw_intervals(figure: Figure, bars: Sequence[Bar], *, title: str, label: str) -> Figure:
    """Draws median and exact interval of each, a line at 1, and the bounds as upright ticks."""
    rows = list(dict.fromkeys(bar.row for bar in bars))
    series = list(dict.fromkeys(bar.series for bar in bars))
    with drawing(figure, height=1.6 + 0.16 * len(rows) * max(len(series), 2)) as axes:
        axes.axvline(1.0, color=INK, lw=1.2, zorder=1)
        for bar in bars:
            place = series.index(bar.series)
            among = (place + 0.5) / len(series) - 0.5
            at = rows.index(bar.row) + HEIGHT * among
            _mark(axes, bar, MARKS[place % len(MARKS)], at)
        _scale(axes, [bar.ratio for bar in bars])
        axes.set_yticks(range(len(rows)), rows)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.grid(False, axis="y")
        for between in range(1, len(rows)):
            axes.axhline(between - 0.5, color="#e6e6e6", lw=0.8, zorder=0)
        axes.set(xlabel=label)
        axes.set_title(title)
        style = {"ls": "", "color": INK}
        marks = zip(series, MARKS * len(series), strict=False)
        lines = [Line2D([], [], marker=mark, ms=6, label=name, **style) for name, mark in marks]
        if any(bar.limit for bar in bars):
            lines.append(Line2D([], [], marker="|", ms=9, label="target", **style))
        axes.figure.legend(handles=lines, loc="outside right center")
    return figure


def _mark(axes: Axes, bar: Bar, mark: str, at: float) -> None:
    ink, interval = colour(bar.row), bar.ratio.interval
    axes.plot([interval.low, interval.high], [at, at], color=ink, lw=1.4, zorder=3)
    axes.plot([bar.ratio.estimate], [at], mark, ms=6, color=ink, zorder=4)
    if bar.limit:
        axes.plot([bar.limit], [at], "|", color=INK, ms=9, mew=1.2, zorder=2)


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
