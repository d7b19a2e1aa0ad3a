"""The map in one figure: how fast each edge falls with depth, one colour a normalizer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from keras_norms.lab.report.figures import Figure, colour, drawing, marker
from keras_norms.lab.report.map_rows import Row, by_family, slope_of

PANELS = {"blow_up": "Blow-up edge", "alive": "Largest rate that trains"}
PREDICTED = -1.5
BETWEEN = 1.4  # rows between two families
OUTSIDE = 4.0  # slopes beyond it are cut, and drawn as an arrow


def draw_slopes(folder: Path, name: str, rows: Sequence[Row]) -> Figure:
    """A row an arm, in groups by family: slopes of two edges with their 90 % intervals."""
    families = by_family(rows)
    caption = (
        "How the edges of the learning rate scale with depth: the exponent a of edge = c depth^a "
        "with its 90 % interval, for each architecture, optimizer and normalizer. At 0 depth does "
        "not matter; -3/2 is what theory predicts of the optimal rate. A row without a mark has "
        "fewer than two depths at which the edge is known."
    )
    places: dict[tuple[str, str], float] = {}
    at, heads = 0.0, {}
    for family, arms in families.items():
        heads[family] = at
        at += 1
        for arm in arms:
            places[family, arm] = at
            at += 1
        at += BETWEEN - 1
    figure = Figure(name, folder, caption)
    with drawing(figure, columns=2, width=9.5, height=1.2 + 0.17 * at) as panels:
        for panel, (edge, title) in zip(panels, PANELS.items(), strict=True):
            _panel(panel, title)
            for (family, arm), place in places.items():
                _mark(panel, place, arm, slope_of(families[family][arm], edge))
        panels[0].set_ylim(at, -0.8)
        panels[0].set_yticks(list(heads.values()), list(heads), fontweight="bold", fontsize=9.5)
        panels[0].tick_params(axis="y", length=0)
        canvas = panels[0].figure
        canvas.supxlabel("exponent of depth", fontsize=10.5)
        handles = [
            Line2D([], [], color=colour(arm), marker=marker(arm), lw=1.5, ms=5, label=arm)
            for arm in dict.fromkeys(row.arm for row in rows)
        ]
        canvas.legend(handles=handles, loc="outside right center")
    return figure


def _panel(axes: Axes, title: str) -> None:
    axes.set_title(title, fontsize=11, pad=18)
    axes.axvline(0, color="#333333", lw=1.0, zorder=1)
    axes.axvline(PREDICTED, color="#333333", lw=1.0, ls=(0, (4, 2.5)), zorder=1)
    for x, words in ((0, "same at any depth"), (PREDICTED, "−3/2")):
        axes.annotate(
            words, (x, 1), xycoords=axes.get_xaxis_transform(), ha="center", va="bottom",
            fontsize=8.5, color="#333333", annotation_clip=False,
        )  # fmt: skip
    axes.grid(axis="y", visible=False)
    axes.set_xlim(-OUTSIDE, 1.5)


def _mark(axes: Axes, place: float, arm: str, found) -> None:
    if math.isnan(found.value):
        return
    low, high = found.interval
    ink = colour(arm)
    axes.plot([max(low, -OUTSIDE), min(high, 1.5)], [place, place], color=ink, lw=1.6, zorder=2)
    if found.value < -OUTSIDE:
        axes.plot(-OUTSIDE + 0.08, place, "<", color=ink, ms=6, zorder=3)
    else:
        axes.plot(
            found.value, place, marker(arm), color=ink, ms=5.5, mec="white", mew=0.6, zorder=3
        )
