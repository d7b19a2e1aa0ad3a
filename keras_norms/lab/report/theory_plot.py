"""Measured edges as points and predicted learning rates as lines, a panel for each normalizer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator, ScalarFormatter

from keras_norms.lab.edges.cell import Cell
from keras_norms.lab.report.figures import Figure, colour, drawing
from keras_norms.lab.report.frontier_plot import depth_of

ACROSS = 4  # panels in a row
STYLES = ("-", (0, (4, 2)), (0, (1, 1.5)), (0, (4, 1.5, 1, 1.5)))


def draw_theory(
    folder: Path,
    name: str,
    cells: Sequence[Cell],
    predicted: pd.DataFrame,
    lines: Mapping[str, str],
    *,
    caption: str,
) -> Figure:
    """Learning rate (log) against depth (log 2): filled points train, hollow ones do not blow up.

    Args:
        predicted: columns normalizer, depth and those that `lines` names; NaN for none.
        lines: from the words of the legend to the column of `predicted`, at most four.
    """
    normalizers = list(dict.fromkeys(cell.program.normalizer for cell in cells))
    depths = sorted({depth_of(cell) for cell in cells})
    columns = min(ACROSS, len(normalizers))
    rows = -(-len(normalizers) // columns)
    figure = Figure(name, folder, caption)
    size = {"width": 2.6 + 2.0 * columns, "height": 1.2 + 2.8 * rows}
    with drawing(figure, **size, rows=rows, columns=columns) as axes:
        panels = np.atleast_1d(axes).ravel()
        for panel, normalizer in zip(panels, normalizers, strict=False):
            ink = colour(normalizer)
            for cell in (c for c in cells if c.program.normalizer == normalizer):
                for edge, face in ((cell.blow_up, "white"), (cell.trains, ink)):
                    rates = [rate for rate in edge.values if 0 < rate < np.inf]
                    at = [depth_of(cell)] * len(rates)
                    panel.plot(at, rates, "o", ms=5, mfc=face, mec=ink, mew=1.1, zorder=4)
            mine = predicted[predicted.normalizer == normalizer].sort_values("depth")
            for column, style in zip(lines.values(), STYLES, strict=False):
                panel.plot(mine.depth, mine[column], color=ink, ls=style, lw=1.6, zorder=3)
            panel.set_title(normalizer.split(":")[0], fontsize=10.5)
            panel.set_xscale("log", base=2)
            panel.set_yscale("log")
            panel.xaxis.set(
                major_locator=FixedLocator(depths),
                minor_locator=NullLocator(),
                major_formatter=ScalarFormatter(),
            )
            panel.set_xlim(depths[0] / 2**0.4, depths[-1] * 2**0.4)
        for panel in panels[len(normalizers) :]:
            panel.set_visible(False)
        canvas = panels[0].figure
        canvas.supxlabel("depth (hidden layers or blocks)", fontsize=10.5)
        canvas.supylabel("learning rate", fontsize=10.5)
        grey = {"color": "#333333"}
        handles = [
            Line2D([], [], ls="", marker="o", ms=5, label="measured: trains", **grey),
            Line2D([], [], ls="", marker="o", ms=5, mfc="white", label="measured: blow-up", **grey),
        ]
        handles += [
            Line2D([], [], ls=style, label=words, **grey)
            for words, style in zip(lines, STYLES, strict=False)
        ]
        canvas.legend(handles=handles, loc="outside right center", handlelength=3)
    return figure
