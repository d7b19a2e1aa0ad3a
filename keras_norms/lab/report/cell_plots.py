"""One cell from near: the chance that a run trains by learning rate, and how it was searched."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, PercentFormatter

from keras_norms.lab.edges.cell import Cell
from keras_norms.lab.edges.verdict import Verdict
from keras_norms.lab.report.figures import Figure, drawing

LOOKS = {
    Verdict.USEFUL: ("#0072b2", "D"),
    Verdict.ALIVE: ("#009e73", "o"),
    Verdict.UNTRAINED: ("#e69f00", "s"),
    Verdict.BLEW_UP: ("#d55e00", "X"),
    Verdict.DEAD: ("#333333", "X"),
}


def draw_chances(folder: Path, name: str, cell: Cell, steps: int) -> Figure:
    """P(trains) and P(does not blow up) against learning rate, a thin line a seed; runs below.

    Outside the rates that were run the lines are dotted: there it is the prior that speaks.
    """
    of = _called(cell)
    caption = (
        f"Chance by learning rate that a run trains within {steps} steps, and that it does not "
        f"blow up, for {of}: thin lines are seeds, thick ones their mean, dotted where no run lies "
        "and the prior alone speaks. Below, each row a seed, the runs from which they come."
    )
    figure = Figure(name, folder, caption)
    with drawing(figure) as axes:
        x = next(iter(cell.seeds.values())).range.rates
        chances = np.array([known.forecast(x) for known in cell.seeds.values()])
        lines = {
            "trains": (chances[:, 2:].sum(1), "#009e73"),
            "does not blow up": (1 - chances[:, 0], "#333333"),
        }
        for label, (of_seeds, ink) in lines.items():
            seen = _between_runs(cell, 10**x)
            axes.plot(10 ** x[seen], of_seeds.T[seen], color=ink, lw=0.8, alpha=0.5)
            axes.plot(10 ** x[seen], of_seeds.mean(0)[seen], color=ink, lw=2.2, label=f"P({label})")
            axes.plot(10**x, of_seeds.mean(0), color=ink, lw=1.2, ls=":", alpha=0.8)
        for verdict, (ink, mark) in LOOKS.items():
            rates = [o.run.learning_rate for o in cell.outcomes if o.verdict is verdict]
            rows = {seed: row for row, seed in enumerate(cell.seeds)}
            its = [o for o in cell.outcomes if o.verdict is verdict]
            height = [-0.06 - 0.03 * rows[outcome.run.seed] for outcome in its]
            axes.plot(rates, height, mark, color=ink, ms=4, label=f"run: {verdict}", clip_on=False)
        axes.set_xscale("log")
        low = -0.09 - 0.03 * len(cell.seeds)
        axes.set(xlabel="learning rate", ylabel="probability", ylim=(low, 1.02))
        axes.set_yticks(np.linspace(0, 1, 6))
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axes.set_title(f"Chance that a run is stable: {of}")
        axes.figure.legend(loc="outside right center")
    return figure


def _between_runs(cell: Cell, rates: np.ndarray) -> np.ndarray:
    """Which rates lie between the smallest and the largest that were run."""
    run = [outcome.run.learning_rate for outcome in cell.outcomes]
    return (rates >= min(run)) & (rates <= max(run))


def _called(cell: Cell) -> str:
    depth = cell.program.of("model").arguments.get("depth")
    deep = "" if depth is None else f" at depth {depth}"
    return f"{cell.program.normalizer.partition(':')[0]}{deep}"


def draw_trace(folder: Path, name: str, cell: Cell) -> Figure:
    """The learning rates of the first seed in the order of its runs, and both intervals so far."""
    of = _called(cell)
    caption = (
        f"The runs of one seed of {of} in their order. Bands are the 90 % intervals of both edges "
        "after each run, lines their medians; at 0 the prior, from the neighbouring cell where "
        "there is one."
    )
    figure = Figure(name, folder, caption)
    with drawing(figure) as axes:
        seed, known = next(iter(cell.priors.items()))
        its = [outcome for outcome in cell.outcomes if outcome.run.seed == seed]
        states = [known]
        for outcome in its:
            known = known.given([(outcome.run.learning_rate, outcome.verdict)])
            states.append(known)
        for edge, ink in (("trains", "#009e73"), ("blow_up", "#d55e00")):
            _interval(axes, [getattr(state, edge) for state in states], ink)
        for run, outcome in enumerate(its, 1):
            ink, mark = LOOKS[outcome.verdict]
            axes.plot(run, outcome.run.learning_rate, mark, color=ink, ms=6, mec="white", zorder=4)
        axes.set_yscale("log")
        axes.set(xlabel=f"run of seed {seed}", ylabel="learning rate", xlim=(0, len(its) + 0.5))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_title(f"How the edges were found: {of}")
        handles = [
            Line2D([], [], color=ink, marker=mark, ls="", label=f"run: {verdict}")
            for verdict, (ink, mark) in LOOKS.items()
        ]
        for label, ink in (("trains edge", "#009e73"), ("blow-up edge", "#d55e00")):
            handles.append(Line2D([], [], color=ink, lw=3, alpha=0.6, label=label))
        axes.figure.legend(handles=handles, loc="outside right center")
    return figure


def _interval(axes: Axes, edges: list, ink: str) -> None:
    """The 90 % interval after each run, cut at the ends of the range, and the median."""
    ends = edges[0].range.rates[0], edges[0].range.rates[-1]
    quantiles = [(edge.median, *edge.interval()) for edge in edges]
    median, low, high = 10 ** np.clip(quantiles, *ends).T
    axes.fill_between(range(len(edges)), low, high, color=ink, alpha=0.15, lw=0)
    shown = [
        m if math.isfinite(edge.median) else math.nan for m, edge in zip(median, edges, strict=True)
    ]
    axes.plot(range(len(edges)), shown, color=ink, alpha=0.8)
