"""The tables and figures of the comparison."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullLocator, PercentFormatter

from benchmarks.search.recorded import PROTOCOLS
from keras_norms.lab.found import Found, Group
from keras_norms.lab.report.figures import Figure, drawing
from keras_norms.lab.report.tables import Table, number, percent
from keras_norms.lab.statistics import median_interval, share_interval

CLOSE = 0.1 + 1e-9  # decades
SHOWN = (8, 12, 16)  # runs
FINEST = 0.025  # decades, half the distance of recorded runs
EDGES = {"both": "both edges", "blow_up": "blow-up", "alive": "alive"}
LOOKS = {
    "threshold": ("#0072b2", "o"),
    "threshold, batches of 4": ("#56b4e9", "s"),
    "bisection": ("#e69f00", "^"),
    "TPE": ("#009e73", "D"),
    "GP": ("#cc79a7", "v"),
    "grid": ("#d55e00", "P"),
    "random": ("#6b6b6b", "X"),
}


def frame_of(found: Found) -> pd.DataFrame:
    """A row a replay and number of runs; "both" is the larger error of the two edges."""
    rows = [
        {**job.arguments, "replay": job.seed, **row}
        for method, protocol in product(LOOKS, PROTOCOLS)
        for group in (found[f"{method}, {protocol}"],)
        for job, outcome in zip(group.jobs, group, strict=True)
        for row in outcome
    ]
    frame = pd.DataFrame(rows)
    for words in ("own", "same"):
        edges = [f"{words} {edge}" for edge in EDGES if edge != "both"]
        frame[f"{words} both"] = frame[edges].max(axis=1)
    return frame.assign(close=frame["own both"] <= CLOSE)


def shares_table(frame: pd.DataFrame, protocol: str, name: str) -> Table:
    """Share of replays within a tenth of a decade, a row a method, by own and by same estimate."""
    mine, rows = frame[frame.protocol == protocol], []
    for method in LOOKS:
        part = mine[mine.method == method]
        last = part[part.runs == SHOWN[-1]]
        row = {"method": method, "replays": str(len(last))}
        for edge, words in EDGES.items():
            for runs in SHOWN:
                cell = part[part.runs == runs]
                shares = ((cell[f"{by} {edge}"] <= CLOSE).mean() for by in ("own", "same"))
                row[f"{words}, {runs} runs"] = " / ".join(map(percent, shares))
        rows.append(row | {f"steps, {SHOWN[-1]} runs": number(last.steps.median())})
    caption = (
        f"Replays within 0.1 decades of the dense grid's answer, {protocol}: by the method's own "
        "estimate / by the posterior median of its runs. Both edges: in the same replay. Steps: "
        "median of a replay."
    )
    return Table(name, pd.DataFrame(rows), caption, mine)


def cells_table(group: Group) -> Table:
    rows = [
        {"cell": job.arguments["cell"], "finite": f"{cell['finite']} of {cell['between']}"}
        | {name: number(v) for name, v in cell.items() if name not in ("finite", "between")}
        for job, cell in zip(group.jobs, group, strict=True)
    ]
    caption = (
        "The dense grids: finite runs between the first blow-up of a seed and its last finite run, "
        "and both edges (log10 learning rate) by count and by posterior, medians over seeds."
    )
    return Table("search-cells", pd.DataFrame(rows), caption)


def by_runs(folder: Path, frame: pd.DataFrame) -> Figure:
    """Share of replays with both edges within a tenth of a decade against runs."""
    caption = (
        "Share of replays in which both edges are within 0.1 decades of the dense grid's answer, "
        "against the runs used for both, by each method's own estimate. Bars: exact 95 % intervals."
        " Points are moved sideways so that the bars stay apart."
    )
    figure = Figure("search", folder, caption)

    def share(part: pd.DataFrame) -> tuple[float, float, float]:
        interval = share_interval(int(part.close.sum()), len(part))
        return float(part.close.mean()), interval.low, interval.high

    with drawing(figure, width=9.5, height=4.4, columns=2) as panels:
        _lines(panels, frame, share, lambda part: part.runs.iloc[0])
        for axes in panels:
            axes.axhline(0.9, color="#777777", lw=1, ls=(0, (2, 2)), zorder=1)
            axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
            axes.set(xlabel="runs for both edges", ylim=(-0.02, 1.02))
        panels[0].set_ylabel("replays within 0.1 decades")
    return figure


def by_steps(folder: Path, frame: pd.DataFrame) -> Figure:
    """Median of the larger error against training steps."""
    caption = (
        "The larger of both edges' distances from the dense grid's answer, against the training "
        "steps of the runs (a run that blows up stops there), by each method's own estimate: "
        "medians over replays with their exact 95 % intervals. Errors are drawn as at least "
        f"{FINEST:g} decades, half the distance of recorded runs. The dotted line is 0.1 decades."
    )
    figure = Figure("search-steps", folder, caption)

    def middle(part: pd.DataFrame) -> tuple[float, float, float]:
        values = part["own both"].clip(lower=FINEST)
        interval = median_interval(list(values))
        return float(values.median()), interval.low, interval.high

    with drawing(figure, width=9.5, height=4.4, columns=2) as panels:
        _lines(panels, frame, middle, lambda part: part.steps.median())
        for axes in panels:
            axes.axhline(0.1, color="#777777", lw=1, ls=(0, (2, 2)), zorder=1)
            axes.set(xlabel="training steps for both edges", yscale="log")
            axes.set_yticks((0.03, 0.1, 0.3, 1, 3))
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axes.yaxis.set_minor_locator(NullLocator())
        panels[0].set_ylabel("median error (decades)")
    return figure


def _lines(
    panels: Sequence[Axes],
    frame: pd.DataFrame,
    statistic: Callable[[pd.DataFrame], tuple[float, float, float]],
    place: Callable[[pd.DataFrame], float],
) -> None:
    """A panel a protocol, a line a method."""
    for axes, (protocol, mine) in zip(panels, frame.groupby("protocol", sort=False), strict=True):
        axes.set_title(protocol)
        for at, (method, (ink, mark)) in enumerate(LOOKS.items()):
            parts = [part for _, part in mine[mine.method == method].groupby("runs")]
            value, low, high = np.array([statistic(part) for part in parts]).T
            x = np.array([place(part) for part in parts])
            x = x + 0.01 * x.max() * (at - len(LOOKS) / 2)
            style = {"color": ink, "marker": mark, "ms": 5, "mec": "white", "mew": 0.5}
            bars = value - low, high - value
            axes.errorbar(x, value, bars, lw=1.6, elinewidth=0.9, label=method, **style)
    panels[0].figure.legend(*panels[0].get_legend_handles_labels(), loc="outside right center")
