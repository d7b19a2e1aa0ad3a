"""One search replayed: learning rates in, recorded verdicts out.

The search sees the grid moved by up to half a decade, so that no method gains from rates it always
tries; a rate is answered by the nearest recorded one. The seed is drawn once for a replay, whose
answer is that seed's edges ("one seed"), or anew for each run, and the answer is the cell's ("a
seed a run").
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.search.answers import EDGES, Answer, answer
from keras_norms.lab.edges.verdict import Verdict

LOW, HIGH = -5.0, 2.0  # log10 of the range that is searched
JITTER = 0.5
PROTOCOLS = ("one seed", "a seed a run")


@dataclass(frozen=True)
class Recorded:
    """The runs of one cell: sorted log10 rates, verdicts and steps of each seed."""

    seeds: tuple[tuple[np.ndarray, tuple[Verdict, ...], np.ndarray], ...]
    answer: Answer

    @classmethod
    def of(cls, runs: pd.DataFrame) -> Recorded:
        ordered = [part.sort_values("log_rate") for _, part in runs.groupby("seed", sort=True)]
        return cls(
            tuple(
                (p.log_rate.to_numpy(), tuple(map(Verdict, p.verdict)), p.steps.to_numpy())
                for p in ordered
            ),
            answer(runs),
        )


class Replay:
    """Answers a search from the recorded runs of a cell and keeps what was asked.

    Attributes:
        runs: log10 rate, as the search sees it, and verdict of each run so far.
        steps: training steps of each.
    """

    def __init__(self, recorded: Recorded, protocol: str, number: int) -> None:
        self._recorded, self._draw = recorded, np.random.default_rng([number, 7])
        self._shift = self._draw.uniform(-JITTER, JITTER)
        count = len(recorded.seeds)
        self._seed = number % count if protocol == PROTOCOLS[0] else None
        self.runs: list[tuple[float, Verdict]] = []
        self.steps: list[int] = []

    def __call__(self, x: float) -> Verdict:
        """The verdict on one more run, at log10 rate `x`."""
        seed = self._draw.integers(len(self._recorded.seeds)) if self._seed is None else self._seed
        rates, verdicts, steps = self._recorded.seeds[seed]
        nearest = int(np.abs(rates - (x + self._shift)).argmin())
        self.runs.append((x, verdicts[nearest]))
        self.steps.append(int(steps[nearest]))
        return verdicts[nearest]

    @property
    def answers(self) -> dict[str, float]:
        """Both edges as the search should find them."""
        return {edge: self._recorded.answer.of(edge, self._seed) - self._shift for edge in EDGES}
