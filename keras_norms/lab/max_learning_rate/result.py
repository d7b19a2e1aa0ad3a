"""What was found: the edges with their intervals, as a table and as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from optuna.trial import FrozenTrial

from keras_norms.lab.edges.edge import PASSED, Edge, as_rate
from keras_norms.lab.edges.edge_posterior import CREDIBLE
from keras_norms.lab.edges.threshold import Thresholds
from keras_norms.lab.edges.verdict import Verdict
from keras_norms.lab.max_learning_rate.picture import drawn
from keras_norms.lab.max_learning_rate.ramp import Ramp
from keras_norms.lab.max_learning_rate.recommendation import Recommendation, recommended
from keras_norms.lab.max_learning_rate.trial import RATE, VERDICT

COLUMNS = ["seed", "learning_rate", "verdict", "steps", "first_loss", "last_loss", "accuracy"]


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
    trials: Sequence[FrozenTrial]
    settings: dict[str, Any]

    @cached_property
    def useful(self) -> Edge:
        """The largest learning rate that is useful within the steps."""
        return Edge.of("useful", self.seeds, self.priors)

    @cached_property
    def alive(self) -> Edge:
        """The largest learning rate that trains within the steps; never below the useful one."""
        return Edge.of("alive", self.seeds, self.priors).at_least(self.useful)

    @cached_property
    def blow_up(self) -> Edge:
        """The largest learning rate that does not blow up; never below one that trains."""
        return Edge.of("blow_up", self.seeds, self.priors).at_least(self.alive)

    @property
    def lower(self) -> Edge:
        """The smallest learning rate that trains within the steps; no run is spent on it."""
        return Edge.of("lower", self.seeds, self.priors)

    def up_to(self, name: str) -> float:
        """Up to which rate runs are "useful" or "alive", as far as one was; 0 where none was.

        The edge lies between a run that passed and one that did not: its median may be a little
        above the largest rate at which a run passed.
        """
        passed = PASSED[name][1]
        rates = [t.params[RATE] for t in self.trials if passed(Verdict(t.user_attrs[VERDICT]))]
        return min(_middle(getattr(self, name)), max(rates, default=0.0))

    @property
    def goal(self) -> str:
        """What the rate to use is to be: useful, where a rate is, or else alive."""
        return "useful" if self.up_to("useful") else "alive"

    @property
    def recommendation(self) -> Recommendation:
        """The rate to use, and why."""
        return recommended(self.trials, len(self.seeds), self.goal, self.up_to(self.goal))

    def frame(self) -> pd.DataFrame:
        """One row a run: seed, learning rate, verdict, steps done, losses, last accuracy."""
        rows = [{**trial.user_attrs, **trial.params} for trial in self.trials]
        frame = pd.DataFrame(rows, columns=COLUMNS).astype({"last_loss": float})
        return frame.sort_values(COLUMNS[:2], ignore_index=True)

    def plot(self, path: str | Path | None = None) -> Figure:
        """The runs, the chances of their verdicts, the intervals of the edges, and the rate to use.

        Args:
            path: where to save it as well; the suffix says as what.
        """
        return drawn(self, path)

    def __str__(self) -> str:
        steps, ramp = self.settings["steps"], self.settings.get("ramp")
        lines = [
            f"use {self.recommendation}",
            f"useful up to: {self._said('useful')}",
            f"trains up to: {self._said('alive')}",
            f"blows up above: {self._said('blow_up')}",
            f"within {steps} steps; trains means {self.settings['trained']}; useful "
            f"{self.settings['useful']}",
            *([f"a range test beside it: {Ramp(**ramp)}"] if ramp else []),
            *self.settings.get("notes", ()),
            f"{len(self.trials)} runs of {len(self.seeds)} seeds; {self._intervals}",
        ]
        return "\n".join(lines)

    @property
    def _intervals(self) -> str:
        if len(self.seeds) == 1:
            return f"the edges of this seed with their {CREDIBLE:.0%} intervals"
        return f"median over seeds with its interval and range of a new seed, both {CREDIBLE:.0%}"

    def interval(self, name: str) -> tuple[float, float]:
        """90 % interval of an edge: of the median of seeds, or of the only one's own."""
        edge: Edge = getattr(self, name)
        if len(self.seeds) > 1:
            return edge.interval
        low, high = edge.seeds[0].interval(CREDIBLE)
        return as_rate(low), as_rate(high)

    def _said(self, name: str) -> str:
        edge: Edge = getattr(self, name)
        if not edge.any_passed:
            return edge.brief
        middle = edge.words(_middle(edge) if name == "blow_up" else self.up_to(name))
        low, high = map(edge.words, self.interval(name))
        if len(self.seeds) == 1:
            return f"{middle} [{low}, {high}]"
        below, above = map(edge.words, edge.new_seed)
        middle = middle if edge.resolved else "unknown"
        return f"{middle} [{low}, {high}]; a new seed {below} to {above}"


def _middle(edge: Edge) -> float:
    """Of the seeds, or of the only one."""
    return edge.median if len(edge.seeds) > 1 else edge.values[0]
