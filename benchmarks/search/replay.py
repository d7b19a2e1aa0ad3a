"""One search replayed: learning rates in, recorded verdicts out.

The search sees the grid moved by up to half a decade, so that no method gains from rates it always
tries; a rate is answered by the nearest recorded one. The seed is drawn once for a replay, whose
answer is that seed's edges ("one seed"), or anew for each run, and the answer is the cell's ("a
seed a run").
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.search.recorded import EDGES, Seed
from keras_norms.lab.edges.verdict import Verdict

LOW, HIGH = -5.0, 2.0  # log10 of the range that is searched
JITTER = 0.5
PROTOCOLS = ("one seed", "a seed a run")


class Replay:
    """Answers a search from the recorded runs of a cell and keeps what was asked.

    Attributes:
        runs: log10 rate, as the search sees it, and verdict of each run so far.
        steps: training steps of each.
        answers: both edges as the search should find them.
    """

    def __init__(self, seeds: Sequence[Seed], protocol: str, number: int) -> None:
        self._draw = np.random.default_rng([number, 7])
        self._shift = self._draw.uniform(-JITTER, JITTER)
        self._all = seeds
        self._one = seeds[number % len(seeds)] if protocol == PROTOCOLS[0] else None
        asked = seeds if self._one is None else [self._one]
        medians = {edge: np.median([getattr(seed, edge) for seed in asked]) for edge in EDGES}
        self.answers = {edge: float(place - self._shift) for edge, place in medians.items()}
        self.runs: list[tuple[float, Verdict]] = []
        self.steps: list[int] = []

    def __call__(self, x: float) -> Verdict:
        """The verdict on one more run, at log10 rate `x`."""
        seed = self._one or self._all[self._draw.integers(len(self._all))]
        nearest = int(np.abs(seed.log_rates - (x + self._shift)).argmin())
        self.runs.append((x, seed.verdicts[nearest]))
        self.steps.append(int(seed.steps[nearest]))
        return seed.verdicts[nearest]
