"""Dense grids of learning rates, recorded once, and what they say by counting alone.

A seed's edge is the place that puts fewest of its verdicts on the wrong side: for blow-up among all
rates, for alive among those from the middle of its trained rates upward. Where several places are
equally good, the middle of them. A cell's edge is the median over its seeds.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from keras_norms.lab.edges.verdict import Verdict

FILE = Path(__file__).parents[1] / "results" / "search" / "grids.csv.gz"
EDGES = ("blow_up", "alive")  # the grids do not tell useful rates from alive ones
WIDTHS = {"mlp": 64, "plain": 4, "resnet": 4}
MODELS = (("mlp", 16), ("resnet", 8), ("plain", 14))
NORMALIZERS = ("none", "batch:momentum=0.9", "layer", "group:groups=4")
CELLS = tuple((*model, normalizer) for model in MODELS for normalizer in NORMALIZERS)

Cell = tuple[str, int, str]  # model, depth, normalizer


@dataclass(frozen=True)
class Seed:
    """One seed of a cell: its runs by log10 learning rate in order, and both edges.

    Attributes:
        alive: -inf where no rate is good.
    """

    log_rates: np.ndarray
    verdicts: tuple[Verdict, ...]
    steps: np.ndarray
    blow_up: float
    alive: float

    @classmethod
    def of(cls, runs: pd.DataFrame) -> Seed:
        runs = runs.sort_values("log_rate")
        log_rates, verdicts = runs.log_rate.to_numpy(), tuple(map(Verdict, runs.verdict))
        edges = counted(log_rates, verdicts)
        return cls(log_rates, verdicts, runs.steps.to_numpy(), *(edges[edge] for edge in EDGES))


def name_of(cell: Cell) -> str:
    return f"{cell[0]}-{cell[1]} {cell[2]}"


def digest() -> str:
    """Of the recorded runs."""
    return hashlib.sha256(FILE.read_bytes()).hexdigest()[:16]


@functools.cache
def recorded() -> dict[str, tuple[Seed, ...]]:
    """The seeds of each cell by its name."""
    runs = pd.read_csv(FILE)
    found: dict[str, list[Seed]] = {}
    for (*cell, _), part in runs.groupby(["model", "depth", "normalizer", "seed"]):
        found.setdefault(name_of(tuple(cell)), []).append(Seed.of(part))
    return {name: tuple(seeds) for name, seeds in found.items()}


def counted(log_rates: np.ndarray, verdicts: Sequence[Verdict]) -> dict[str, float]:
    """Both edges of runs in any order."""
    order = np.argsort(log_rates, kind="stable")
    rates = np.asarray(log_rates)[order]
    below = np.array([not verdicts[k].blown for k in order])
    trained = np.array([verdicts[k].trained for k in order])
    alive = -np.inf
    if trained.any():
        above = rates >= np.median(rates[trained])
        alive = _change(rates[above], trained[above])
    return {"blow_up": _change(rates, below), "alive": alive}


def _change(rates: np.ndarray, good: np.ndarray) -> float:
    """The place below which most are good and above which most are not."""
    # Wrong if the first k are called good: the bad among them and the good among the rest.
    wrong = np.concatenate([[0], np.cumsum(~good)]) + good.sum() - np.cumsum([0, *good])
    best = np.flatnonzero(wrong == wrong.min())
    between = np.concatenate([[-np.inf], (rates[:-1] + rates[1:]) / 2, [np.inf]])
    return float((between[best[0]] + between[best[-1]]) / 2)
