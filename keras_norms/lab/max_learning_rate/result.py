"""What was found: the edges with their intervals, as a table and as a picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import optuna
import pandas as pd
from matplotlib.figure import Figure

from keras_norms.lab.edges.edge import Edge
from keras_norms.lab.edges.edge_posterior import CREDIBLE
from keras_norms.lab.edges.forecast import VERDICTS
from keras_norms.lab.edges.threshold import Thresholds
from keras_norms.lab.edges.verdict import Verdict
from keras_norms.lab.report.figures import STYLE

RATE, SEED = "learning_rate", "seed"
BETWEEN_SEEDS = 0.2  # decades by which the edges of two seeds differ
COLUMNS = ["seed", "learning_rate", "verdict", "steps", "first_loss", "last_loss", "accuracy"]
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


@dataclass(frozen=True)
class MaxLearningRate:
    """The edges of a model's learning rates.

    Attributes:
        seeds: what the runs of each seed say.
        priors: what was known of each before.
        trials: the finished runs.
        settings: of the search.
    """

    seeds: Sequence[Thresholds]
    priors: Sequence[Thresholds]
    trials: Sequence[optuna.trial.FrozenTrial]
    settings: dict[str, Any]

    @property
    def useful(self) -> Edge:
        """The largest learning rate that is useful within the steps."""
        return Edge.of("useful", self.seeds, self.priors)

    @property
    def alive(self) -> Edge:
        """The largest learning rate that trains within the steps."""
        return Edge.of("alive", self.seeds, self.priors)

    @property
    def blow_up(self) -> Edge:
        """The largest learning rate that does not blow up."""
        return Edge.of("blow_up", self.seeds, self.priors)

    @property
    def lower(self) -> Edge:
        """The smallest learning rate that trains within the steps; no run is spent on it."""
        return Edge.of("lower", self.seeds, self.priors)

    def frame(self) -> pd.DataFrame:
        """One row a run: seed, learning rate, verdict, steps done, losses, last accuracy."""
        rows = [{**trial.user_attrs, **trial.params} for trial in self.trials]
        frame = pd.DataFrame(rows, columns=COLUMNS).astype({"last_loss": float})
        return frame.sort_values(COLUMNS[:2], ignore_index=True)

    def plot(self, path: str | Path | None = None) -> Figure:
        """The runs, the chances of their verdicts, and the intervals of the median edges.

        Args:
            path: where to save it as well; the suffix says as what.
        """
        with mpl.rc_context(STYLE):
            canvas = Figure(figsize=(7.5, 4.2), layout="constrained")
            axes = canvas.subplots()
            self._draw(axes)
            if path is not None:
                canvas.savefig(path, dpi=160)
        return canvas

    def _draw(self, axes: Any) -> None:
        grid = self.seeds[0].range.rates
        forecast = np.mean([seed.forecast(grid) for seed in self.seeds], axis=0)
        chances = dict(zip(VERDICTS, forecast, strict=True))
        for name, (label, passed) in CURVES.items():
            curve = sum(chances[verdict] for verdict in passed)
            axes.plot(10**grid, curve, color=INKS[name], label=label)
            low, high = getattr(self, name).interval
            if low > 0 and high < math.inf:
                axes.axvspan(low, high, color=INKS[name], alpha=0.15, lw=0)
        frame = self.frame()
        for verdict, (colour, marker) in LOOKS.items():
            these = frame[frame["verdict"] == verdict]
            height = -0.06 - 0.05 * these["seed"]
            axes.plot(
                these["learning_rate"], height, marker, color=colour, ms=5, label=str(verdict)
            )
        axes.set(
            xscale="log",
            xlabel="learning rate",
            ylabel="probability",
            yticks=[0, 0.25, 0.5, 0.75, 1],
            title=f"{len(frame)} runs of {self.settings['steps']} steps, {len(self.seeds)} seeds",
        )
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))

    def __str__(self) -> str:
        within = f"within {self.settings['steps']} steps"
        return "\n".join(
            [
                f"useful up to {self.useful} {within} ({self.settings['useful']})",
                f"trains up to {self.alive} {within} ({self.settings['trained']})",
                f"blows up above {self.blow_up}",
                f"{len(self.trials)} runs of {len(self.seeds)} seeds; median over seeds with its "
                f"interval and range of a new seed, both {CREDIBLE:.0%}",
            ]
        )
