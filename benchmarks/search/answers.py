"""What the dense grid of a cell says about its edges, by counting alone: no model of noise.

A seed's edge is the place that puts fewest of its verdicts on the wrong side: for blow-up among all
rates, for trains among those from the middle of its trained rates upward. Where several places are
equally good, the middle of them. A cell's edge is the median over its seeds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from keras_norms.lab.edges.verdict import Verdict

EDGES = ("blow_up", "trains")


@dataclass(frozen=True)
class Answer:
    """The log10 learning rate of both edges, of each seed in order; -inf where no rate is good."""

    blow_up: tuple[float, ...]
    trains: tuple[float, ...]

    def of(self, edge: str, seed: int | None = None) -> float:
        """A seed's edge, or the cell's."""
        seeds = getattr(self, edge)
        return float(np.median(seeds)) if seed is None else seeds[seed]


def answer(runs: pd.DataFrame) -> Answer:
    """The edges of one cell from its recorded runs."""
    seeds = [runs[runs.seed == seed] for seed in sorted(set(runs.seed))]
    return Answer(tuple(map(_blow_up, seeds)), tuple(map(_trains, seeds)))


def _blow_up(runs: pd.DataFrame) -> float:
    return change(runs.log_rate, ~runs.verdict.map(lambda verdict: Verdict(verdict).blown))


def _trains(runs: pd.DataFrame) -> float:
    trained = runs.log_rate[_trained(runs)]
    if trained.empty:
        return -np.inf
    above = runs[runs.log_rate >= trained.median()]
    return change(above.log_rate, _trained(above))


def _trained(runs: pd.DataFrame) -> pd.Series:
    return runs.verdict.map(lambda verdict: Verdict(verdict).trained)


def change(rates: pd.Series, good: pd.Series) -> float:
    """The place below which most are good and above which most are not."""
    order = np.argsort(rates.to_numpy())
    rates, good = rates.to_numpy()[order], good.to_numpy()[order]
    # Wrong if the first k are called good: the bad among them and the good among the rest.
    wrong = np.concatenate([[0], np.cumsum(~good)]) + good.sum() - np.cumsum([0, *good])
    best = np.flatnonzero(wrong == wrong.min())
    between = np.concatenate([[-np.inf], (rates[:-1] + rates[1:]) / 2, [np.inf]])
    return float((between[best[0]] + between[best[-1]]) / 2)
