"""What was found: both edges with their intervals, as a table and as a picture."""

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

from keras_norms.lab.report.figures import STYLE
from keras_norms.lab.stability.estimate import CREDIBLE, Estimate
from keras_norms.lab.stability.no_threshold import LIKELY, no_threshold
from keras_norms.lab.stability.threshold import VERDICTS, Thresholds
from keras_norms.lab.stability.verdict import Verdict

COLUMNS = ["seed", "learning_rate", "verdict", "steps", "first_loss", "last_loss", "accuracy"]
LOOKS = {  # colour and marker
    Verdict.TRAINED: ("#009e73", "o"),
    Verdict.UNTRAINED: ("#e69f00", "s"),
    Verdict.BLEW_UP: ("#d55e00", "x"),
}


@dataclass(frozen=True)
class MaxLearningRate:
    """The edges of a model's learning rates.

    Attributes:
        seeds: what the runs of each seed say.
        trials: the finished runs.
        settings: of the search.
    """

    seeds: Sequence[Thresholds]
    trials: Sequence[optuna.trial.FrozenTrial]
    settings: dict[str, Any]

    @property
    def trains(self) -> Estimate:
        """Of the largest learning rate that trains within the steps, over the seeds alike."""
        return _mixed([seed.trains for seed in self.seeds])

    @property
    def blow_up(self) -> Estimate:
        """Of the largest learning rate that does not blow up, likewise."""
        return _mixed([seed.blow_up for seed in self.seeds])

    @property
    def no_threshold(self) -> float:
        """Probability that blow-up is a matter of luck, not of a rate, by all seeds together."""
        return no_threshold(self.seeds)

    def frame(self) -> pd.DataFrame:
        """One row a run: seed, learning rate, verdict, steps done, losses, last accuracy."""
        rows = [{**trial.user_attrs, **trial.params} for trial in self.trials]
        frame = pd.DataFrame(rows, columns=COLUMNS).astype({"last_loss": float})
        return frame.sort_values(COLUMNS[:2], ignore_index=True)

    def plot(self, path: str | Path | None = None) -> Figure:
        """The runs, P(trained | learning rate), P(not blown up), and the edges' intervals.

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
        curves = {
            "P(does not blow up)": (1 - chances[Verdict.BLEW_UP], Verdict.BLEW_UP, self.blow_up),
            "P(trains)": (chances[Verdict.TRAINED], Verdict.TRAINED, self.trains),
        }
        for label, (curve, verdict, edge) in curves.items():
            axes.plot(10**grid, curve, color=LOOKS[verdict][0], label=label)
            low, high = edge.interval()
            if math.isfinite(low) and math.isfinite(high):
                axes.axvspan(10**low, 10**high, color=LOOKS[verdict][0], alpha=0.15, lw=0)
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
        lines = [
            f"trains up to {described(self.trains)} within {self.settings['steps']} steps "
            f"({self.settings['trained']})",
            f"blows up above {described(self.blow_up)}",
            f"{len(self.trials)} runs of {len(self.seeds)} seeds; intervals of {CREDIBLE:.0%}",
        ]
        if self.no_threshold > LIKELY:
            lines.append(
                "blow-up is no threshold here: some runs above the first that blew up stay finite"
            )
        return "\n".join(lines)


def described(edge: Estimate) -> str:
    """An edge in words: its median learning rate with its interval, or that there is none."""
    if edge.median == -math.inf:
        return f"no learning rate of the range (probability {edge.none:.2f})"
    if edge.median == math.inf:
        return f"every learning rate of the range (probability {edge.every:.2f})"
    low, high = (10**end for end in edge.interval())
    return f"{10**edge.median:.3g} [{low:.3g}, {high:.3g}]"


def _mixed(edges: Sequence[Estimate]) -> Estimate:
    return Estimate(edges[0].range, np.mean([edge.weights for edge in edges], axis=0))
