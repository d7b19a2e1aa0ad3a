"""The table and the figures of the comparison."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullLocator, PercentFormatter
from scipy.stats import binomtest

from benchmarks.search import errors
from benchmarks.search.replay import HIGH, LOW, PROTOCOLS
from keras_norms.lab.edges.edge_posterior import CREDIBLE
from keras_norms.lab.report.figures import Figure, drawing
from keras_norms.lab.report.tables import Table, number, percent

SHOWN = (8, 12, 16)
FINEST, COARSEST = 0.025, (HIGH - LOW) / 2  # decades
EDGES = {"blow_up": "blow-up", "trains": "trains"}
LOOKS = {
    "threshold": ("#0072b2", "o"),
    "threshold, batches of 4": ("#56b4e9", "s"),
    "bisection": ("#e69f00", "^"),
    "TPE": ("#009e73", "D"),
    "GP": ("#cc79a7", "v"),
    "grid": ("#d55e00", "P"),
    "random": ("#6b6b6b", "X"),
}


def table(found: pd.DataFrame, protocol: str, name: str) -> Table:
    """Share of replays within a tenth of a decade, a row a method, by own and by same estimate."""
    mine = found[found.protocol == protocol]
    rows = []
    for method in [each for each in LOOKS if each in set(mine.method)]:
        of_method = mine[mine.method == method]
        last = of_method[of_method.runs == SHOWN[-1]]
        row = {"method": method, "replays": str(len(last) // len(EDGES))}
        for edge, words in EDGES.items():
            for runs in SHOWN:
                cell = of_method[(of_method.edge == edge) & (of_method.runs == runs)]
                own, same = ((cell[by] <= errors.CLOSE + 1e-9).mean() for by in errors.ESTIMATES)
                row[f"{words}, {runs} runs"] = f"{percent(own)} / {percent(same)}"
        rows.append(row | {f"steps, {SHOWN[-1]} runs": number(last.steps.median())})
    caption = (
        f"Replays within 0.1 decades of the dense grid's answer, {protocol}: by the method's own "
        "estimate / by the posterior median of its runs. Steps: median of a replay."
    )
    return Table(name, pd.DataFrame(rows), caption)


def by_runs(folder: Path, found: pd.DataFrame) -> Figure:
    """Share of replays within a tenth of a decade against runs, a panel an edge."""
    figure = Figure(
        "search",
        folder,
        "Share of replays within 0.1 decades of the dense grid's answer against the runs used for "
        f"both edges, {PROTOCOLS[0]}, each method by its own estimate. Bars: 90 % intervals "
        "(Wilson's). Points are moved sideways so that the bars stay apart.",
    )
    with drawing(figure, width=9.5, height=4.4, columns=2) as panels:
        for axes, place, line in _lines(panels, found):
            shares = [_within(part["own"]) for _, part in line.groupby("runs")]
            x = np.unique(line["runs"]) + 0.17 * (place - len(LOOKS) / 2)
            _curve(axes, place, x, np.array(shares))
        for axes in panels:
            axes.axhline(0.9, color="#777777", lw=1, ls=(0, (2, 2)), zorder=1)
            axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
            axes.set(xlabel="runs for both edges", ylim=(-0.02, 1.02), xticks=errors.COUNTS)
        panels[0].set_ylabel("replays within 0.1 decades")
    return figure


def by_steps(folder: Path, found: pd.DataFrame) -> Figure:
    """Median error against training steps, a panel an edge."""
    figure = Figure(
        "search-steps",
        folder,
        "Distance to the dense grid's answer against the training steps of the runs used for both "
        f"edges (a run that blows up stops there), {PROTOCOLS[0]}, each method by its own "
        f"estimate: medians over the replays after {', '.join(map(str, errors.COUNTS))} runs. "
        "Bars: 90 % intervals of the median (bootstrap). Errors are drawn as at least "
        f"{FINEST:g} decades, half the distance of recorded runs, and as at most {COARSEST:g}, "
        "also where a method has found no edge yet. The dotted line is 0.1 decades.",
    )
    with drawing(figure, width=9.5, height=4.4, columns=2) as panels:
        for axes, place, line in _lines(panels, found):
            medians = [_median(part["own"]) for _, part in line.groupby("runs")]
            _curve(axes, place, line.groupby("runs").steps.median(), np.array(medians))
        for axes in panels:
            axes.axhline(errors.CLOSE, color="#777777", lw=1, ls=(0, (2, 2)), zorder=1)
            axes.set(
                xlabel="training steps for both edges", yscale="log", yticks=(0.03, 0.1, 0.3, 1, 3)
            )
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axes.yaxis.set_minor_locator(NullLocator())
        panels[0].set_ylabel("median error (decades)")
    return figure


def _lines(panels: np.ndarray, found: pd.DataFrame) -> Iterator[tuple[Axes, int, pd.DataFrame]]:
    """The axes, place and errors of each method and edge; then titles and the legend."""
    mine = found[found.protocol == PROTOCOLS[0]]
    for axes, (edge, words) in zip(panels, EDGES.items(), strict=True):
        axes.set_title(words)
        for place, method in enumerate(LOOKS):
            line = mine[(mine.method == method) & (mine.edge == edge)]
            if len(line):
                yield axes, place, line
    handles, labels = panels[0].get_legend_handles_labels()
    panels[0].figure.legend(handles, labels, loc="outside right center")


def _curve(axes: Axes, place: int, x: Iterable[float], found: np.ndarray) -> None:
    """A method's line; `found` has a row (value, low, high) a point."""
    method, (ink, mark) = list(LOOKS.items())[place]
    value, low, high = found.T
    axes.errorbar(
        x,
        value,
        (value - low, high - value),
        color=ink,
        marker=mark,
        ms=5,
        mec="white",
        mew=0.5,
        lw=1.6,
        elinewidth=0.9,
        label=method,
        zorder=len(LOOKS) - place + 2,
    )


def _within(away: pd.Series) -> tuple[float, float, float]:
    close = int((away <= errors.CLOSE + 1e-9).sum())
    test = binomtest(close, len(away))
    low, high = test.proportion_ci(CREDIBLE, method="wilson")
    return test.statistic, low, high


def _median(away: pd.Series) -> tuple[float, float, float]:
    away = away.clip(FINEST, COARSEST)
    draws = np.random.default_rng(0).choice(away.to_numpy(), (1000, len(away)))
    low, high = np.quantile(np.median(draws, axis=1), [(1 - CREDIBLE) / 2, (1 + CREDIBLE) / 2])
    return float(away.median()), low, high
