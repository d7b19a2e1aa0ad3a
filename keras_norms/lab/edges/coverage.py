"""How often the printed intervals hold the truth, by simulation: nominal, covered, width, error.

Each row repeats a sampling of known truth: medians and shares of seeds (`lab.statistics`), searches
for the edges of one seed whose runs are noisy, and cells of several seeds whose edges differ, each
with runs on a grid of its own.
Coverage counts truths that lie in the closed interval; `over` is what it has beyond the nominal.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from keras_norms.lab.edges.acquisition import next_rate
from keras_norms.lab.edges.edge import Edge
from keras_norms.lab.edges.edge_posterior import CREDIBLE
from keras_norms.lab.edges.threshold import SEARCHED, Thresholds
from keras_norms.lab.edges.verdict import Verdict
from keras_norms.lab.statistics import median_interval, share_interval

LOW, HIGH = 1e-3, 1e2
SPACING = 0.2  # decades between the runs of a cell's seed
SCALES = (0.0, 0.05, 0.1, 0.2)  # of the logistic noise of one run, decades
SPREADS = (0.05, 0.1, 0.2, 0.4)  # standard deviation between seeds, decades
MOST = 20  # runs of a search
SEEDS = (3, 9)


@dataclass(frozen=True)
class Truth:
    """The edges of one seed, as log10 learning rates, and the noise of its runs.

    Attributes:
        slow: below it runs are alive but not yet useful.
        scale: of the logistic noise of each run.
        apart: whether a run's edges move each on its own; else all by the same.
        lapses: share of the verdicts that are drawn at random.
    """

    lower: float
    slow: float
    useful: float
    alive: float
    blow_up: float
    scale: float = 0.0
    lapses: float = 0.0
    apart: bool = False

    @classmethod
    def drawn(cls, draw: np.random.Generator, *noise: float | bool) -> Truth:
        """Edges as the recorded maps have them: up to a decade apart, well inside the range."""
        blow_up = draw.uniform(0, 1.5)
        alive = blow_up - draw.uniform(0, 1)
        useful = alive - draw.uniform(0, 1)
        slow = useful - draw.uniform(0.5, 1.0)
        return cls(slow - draw.uniform(0, 0.5), slow, useful, alive, blow_up, *noise)

    def moved(self, by: float) -> Truth:
        """Another seed, all of whose edges lie `by` decades higher."""
        places = (self.lower, self.slow, self.useful, self.alive, self.blow_up)
        return Truth(*(place + by for place in places), self.scale, self.lapses, self.apart)

    def verdict(self, x: float, draw: np.random.Generator) -> Verdict:
        """Of a run at `x`."""
        moves = draw.logistic(size=5 if self.apart else 1) * self.scale
        lower, slow, useful, alive, blow_up = np.broadcast_to(x + moves, 5)
        if draw.random() < self.lapses:
            return Verdict(draw.choice([Verdict.BLEW_UP, Verdict.UNTRAINED, Verdict.USEFUL]))
        if blow_up > self.blow_up:
            return Verdict.BLEW_UP
        if lower < self.lower or alive > self.alive:
            return Verdict.UNTRAINED
        return Verdict.USEFUL if slow > self.slow and useful < self.useful else Verdict.ALIVE


def searched(
    truth: Truth,
    draw: np.random.Generator,
    edges: Sequence[str] = SEARCHED,
    most: int = MOST,
) -> Thresholds:
    """What a search knows in the end: it stops where its edges are settled, as the sampler's do."""
    known = Thresholds.prior(LOW, HIGH)
    while known.runs < most and not (known.runs and known.settled(edges=edges)):
        rate = next_rate(known, draw, edges=edges)
        known = known.given([(rate, truth.verdict(float(np.log10(rate)), draw))])
    return known


def gridded(truth: Truth, draw: np.random.Generator, prior: Thresholds) -> Thresholds:
    """What runs at evenly spaced rates say, the first of them anywhere."""
    first = prior.range.low + draw.uniform(0, SPACING)
    places = np.arange(first, prior.range.high, SPACING)
    return prior.given((10**x, truth.verdict(float(x), draw)) for x in places)


Row = dict[str, object]


def table(replays: int, seed: int) -> pd.DataFrame:
    """A row for each interval that the pages print.

    Args:
        replays: of each row; cells take a third, as each is several searches.
        seed: of all that is drawn.

    Returns:
        Columns interval, truth, nominal, coverage, standard_error, over, width (median), error
        (median distance of the truth from the middle of the interval), runs (mean of a search),
        replays.
    """
    rows: list[Row] = []
    for n in (6, 10):
        rows += _medians(n, 20 * replays, seed)
    rows += _shares(20 * replays, seed)
    for scale in SCALES:
        rows += _searches(f"logistic scale {scale:g} decades", replays, seed, scale)
    rows += _searches("0.1, each edge on its own", replays, seed, 0.1, 0.0, True)
    rows += _searches("0.2, each edge on its own", replays, seed, 0.2, 0.0, True)
    rows += _searches("0.05 with 10 % lapses", replays, seed, 0.05, 0.1)
    for seeds, spread in itertools.product(SEEDS, SPREADS):
        rows += _cells(seeds, spread, max(replays // 3, 1), seed)
    return pd.DataFrame(rows)


def worst(found: pd.DataFrame) -> float:
    """How far the least coverage lies below its nominal value; the noise of the replays counts."""
    return float((found.nominal - found.coverage).max())


def _medians(n: int, replays: int, seed: int) -> list[Row]:
    draw, rows = np.random.default_rng([seed, n]), []
    for name, sample, truth in (
        ("normal", draw.normal(size=(replays, n)), 0.0),
        ("lognormal", draw.lognormal(size=(replays, n)), 1.0),
    ):
        found = [median_interval(values) for values in sample]
        ends = [(each.low, each.high, truth) for each in found]
        rows.append(_row(f"median of {n} seeds", name, found[0].coverage, ends))
    return rows


def _shares(replays: int, seed: int) -> list[Row]:
    draw, rows = np.random.default_rng([seed, 100]), []
    for of, share in itertools.product((6, 9, 12), (0.1, 0.5, 0.9)):
        counts = draw.binomial(of, share, replays)
        found = [share_interval(int(count), of) for count in counts]
        ends = [(each.low, each.high, share) for each in found]
        rows.append(_row(f"share of {of} seeds", f"{share:g}", found[0].coverage, ends))
    return rows


def _searches(name: str, replays: int, seed: int, *noise: float | bool) -> list[Row]:
    ends: dict[str, list[tuple[float, float, float]]] = {edge: [] for edge in SEARCHED}
    runs = []
    for replay in range(replays):
        draw = np.random.default_rng([seed, *(round(100 * each) for each in noise), replay])
        truth = Truth.drawn(draw, *noise)
        known = searched(truth, draw)
        runs.append(known.runs)
        for edge in SEARCHED:
            ends[edge].append((*getattr(known, edge).interval(), getattr(truth, edge)))
    return [
        _row(f"{edge} edge of a search", name, CREDIBLE, ends[edge], np.mean(runs))
        for edge in SEARCHED
    ]


def _cells(seeds: int, spread: float, replays: int, seed: int) -> list[Row]:
    medians: dict[str, list[tuple[float, float, float]]] = {edge: [] for edge in SEARCHED}
    new: dict[str, list[tuple[float, float, float]]] = {edge: [] for edge in SEARCHED}
    prior = Thresholds.prior(LOW, HIGH)
    for replay in range(replays):
        draw = np.random.default_rng([seed, seeds, round(100 * spread), replay])
        middle = Truth.drawn(draw)
        moves = draw.normal(scale=spread, size=seeds + 1)
        known = [gridded(middle.moved(by), draw, prior) for by in moves[1:]]
        for edge in SEARCHED:
            both = Edge.of(edge, known, [prior] * seeds).population
            truth = getattr(middle, edge)
            medians[edge].append((*both.median.interval(), truth))
            new[edge].append((*both.new_seed.interval(), truth + moves[0]))
    name = f"{spread:g} decades between {seeds} seeds"
    return [
        _row(f"{edge} edge of a cell, {which}", name, CREDIBLE, ends[edge])
        for which, ends in (("median", medians), ("new seed", new))
        for edge in SEARCHED
    ]


def _row(
    interval: str,
    truth: str,
    nominal: float,
    ends: Sequence[tuple[float, float, float]],
    runs: float | None = None,
) -> Row:
    low, high, true = np.array(ends, dtype=float).T
    held = (low <= true) & (true <= high)
    coverage = float(held.mean())
    with np.errstate(invalid="ignore"):
        widths, errors = high - low, np.abs((low + high) / 2 - true)
    return {
        "interval": interval,
        "truth": truth,
        "nominal": nominal,
        "coverage": coverage,
        "standard_error": float(np.sqrt(coverage * (1 - coverage) / len(held))),
        "over": coverage - nominal,
        "width": float(np.nanmedian(widths)),
        "error": float(np.nanmedian(errors)),
        "runs": np.nan if runs is None else float(runs),
        "replays": len(held),
    }
