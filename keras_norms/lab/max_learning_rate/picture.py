"""The picture of what was found: the chances of each verdict by rate, and the runs below."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from keras_norms.lab.edges.forecast import VERDICTS
from keras_norms.lab.edges.verdict import Verdict
from keras_norms.lab.report.figures import style

if TYPE_CHECKING:
    from keras_norms.lab.max_learning_rate.result import MaxLearningRate

LOOKS = {  # colour and marker
    Verdict.USEFUL: ("#0072b2", "D"),
    Verdict.ALIVE: ("#009e73", "o"),
    Verdict.UNTRAINED: ("#e69f00", "s"),
    Verdict.BLEW_UP: ("#d55e00", "x"),
}
# Each edge, what is drawn of it, and the verdicts of the runs that pass.
CURVES = {
    "blow_up": ("P(does not blow up)", (Verdict.UNTRAINED, Verdict.ALIVE, Verdict.USEFUL)),
    "alive": ("P(trains)", (Verdict.ALIVE, Verdict.USEFUL)),
    "useful": ("P(useful)", (Verdict.USEFUL,)),
}
INKS = {"blow_up": "#d55e00", "alive": "#009e73", "useful": "#0072b2"}


def drawn(found: MaxLearningRate, path: str | Path | None) -> Figure:
    """The figure, saved where a path says."""
    with mpl.rc_context(style()):
        canvas = Figure(figsize=(7.5, 4.2), layout="constrained")
        _draw(found, canvas.subplots())
        if path is not None:
            canvas.savefig(path, dpi=160)
    return canvas


def _draw(found: MaxLearningRate, axes: Any) -> None:
    grid = found.seeds[0].range.rates
    forecast = np.mean([seed.forecast(grid) for seed in found.seeds], axis=0)
    chances = dict(zip(VERDICTS, forecast, strict=True))
    for name, (label, passed) in CURVES.items():
        curve = sum(chances[verdict] for verdict in passed)
        axes.plot(10**grid, curve, color=INKS[name], label=label)
        low, high = found.interval(name)
        if low > 0 and high < math.inf:
            axes.axvspan(low, high, color=INKS[name], alpha=0.15, lw=0)
    if rate := found.recommendation.rate:
        axes.axvline(rate, color="#333333", ls=":", lw=1, label="to use")
    frame = found.frame()
    for verdict, (colour, marker) in LOOKS.items():
        these = frame[frame["verdict"] == verdict]
        height = -0.06 - 0.05 * these["seed"]
        axes.plot(these["learning_rate"], height, marker, color=colour, ms=5, label=str(verdict))
    axes.set(
        xscale="log",
        xlabel="learning rate",
        ylabel="probability",
        yticks=[0, 0.25, 0.5, 0.75, 1],
        title=f"{len(frame)} runs of {found.settings['steps']} steps, {len(found.seeds)} seeds",
    )
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
