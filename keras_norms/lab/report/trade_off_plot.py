"""Stable learning rates and the cost of a step on the same axes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from keras_norms.lab.edges.cell import Cell, spoken
from keras_norms.lab.report.figures import Figure, colour, drawing, marker

COST = "#d55e00"


def milliseconds(cell: Cell) -> tuple[float, float, float]:
    """CPU time of a step: median, lower and upper quartile over the runs that went to the end."""
    of_runs = [
        1000 * outcome.cost.cpu_seconds / outcome.run.steps
        for outcome in cell.outcomes
        if not outcome.verdict.blown
    ]
    low, middle, high = np.percentile(of_runs or [math.nan], (25, 50, 75))
    return float(middle), float(low), float(high)


def trade_off_summary(cells: Sequence[Cell], named: Callable[[Cell], str], steps: int) -> list[str]:
    """One sentence."""
    told = [
        f"{named(cell)} {spoken(cell.trains.median)} at {milliseconds(cell)[0]:.1f} ms"
        for cell in cells
    ]
    return [
        f"Largest learning rate that trains within {steps} steps, by number of groups, and CPU "
        f"time of a step: {'; '.join(told)}."
    ]


def draw_trade_off(
    folder: Path,
    name: str,
    cells: Sequence[Cell],
    named: Callable[[Cell], str],
    *,
    title: str,
    caption: str,
) -> Figure:
    """Learning rate on the left (solid: trains, dashed: blow-up), time of a step on the right."""
    figure = Figure(name, folder, caption)
    with drawing(figure) as axes:
        x = np.arange(len(cells))
        ink, mark = colour(cells[0].program.normalizer), marker(cells[0].program.normalizer)
        for which, dashes, face in (("trains", "-", ink), ("blow_up", (0, (4, 2.5)), "white")):
            edges = [getattr(cell, which) for cell in cells]
            finite = [e.median if 0 < e.median < math.inf else math.nan for e in edges]
            axes.plot(x, finite, color=ink, ls=dashes)
            for at, edge in zip(x, edges, strict=True):
                seeds = [value for value in edge.values if 0 < value < math.inf]
                axes.plot([at] * len(seeds), seeds, mark, ms=4.5, mfc=face, mec=ink, zorder=4)
                low, high = edge.interval
                if 0 < low < high < math.inf:
                    axes.plot([at, at], [low, high], color=ink, lw=1)
            label = {"trains": "trains", "blow_up": "blow-up"}[which]
            axes.plot([], [], color=ink, ls=dashes, marker=mark, mfc=face, label=label)
        axes.set_yscale("log")
        axes.set_xticks(x, [named(cell) for cell in cells])
        axes.set(xlabel="groups", ylabel="learning rate")
        axes.set_title(title)
        cost = axes.twinx()
        middle, low, high = np.array([milliseconds(cell) for cell in cells]).T
        cost.plot(x + 0.06, middle, color=COST, marker="D", ms=5, lw=1.2, ls=":")
        cost.vlines(x + 0.06, low, high, color=COST, lw=1)
        cost.set_ylim(0, 1.3 * np.nanmax(high))
        cost.set_ylabel("CPU time of a step, ms", color=COST)
        cost.grid(visible=False)
        axes.plot([], [], color=COST, marker="D", ls=":", label="time of a step (right)")
        axes.figure.legend(loc="outside lower center", ncols=3)
    return figure
