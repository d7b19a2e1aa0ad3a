"""The jobs of the comparison: a replay and its errors, and the edges of a recorded cell."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.search.methods import METHODS
from benchmarks.search.recorded import EDGES, counted, digest, recorded
from benchmarks.search.replay import HIGH, LOW, Replay
from keras_norms.lab.edges.threshold import Thresholds
from keras_norms.lab.errors import BadInput

COUNTS = (4, 6, 8, 10, 12, 14, 16)


def replayed(
    *, method: str, protocol: str, cell: str, grid: str, seed: int
) -> list[dict[str, Any]]:
    """A row a number of runs: how far the edges are from the dense grid's, in decades.

    Keys: "runs"; "steps" so far; by edge "own", by the method's own estimate (the posterior median
    for the threshold sampler; for the others the place that puts fewest of their verdicts on the
    wrong side), and "same", all by the posterior median.
    """
    _require(grid)
    replay = Replay(recorded()[cell], protocol, seed)
    METHODS[method](replay, COUNTS[-1], seed)
    known, rows = Thresholds.prior(10**LOW, 10**HIGH), []
    for count, (x, verdict) in enumerate(replay.runs, start=1):
        known = known.given([(10**x, verdict)])
        if count in COUNTS:
            places, verdicts = zip(*replay.runs[:count], strict=True)
            posterior = {edge: getattr(known, edge).median for edge in EDGES}
            by_threshold = method.startswith("threshold")
            own = posterior if by_threshold else counted(np.array(places), verdicts)
            errors = {
                f"{words} {edge}": away(estimates[edge], replay.answers[edge])
                for words, estimates in (("own", own), ("same", posterior))
                for edge in EDGES
            }
            rows.append({"runs": count, "steps": sum(replay.steps[:count]), **errors})
    return rows


def edges(*, cell: str, grid: str) -> dict[str, Any]:
    """The edges of a recorded cell, by count and by the posterior of all its runs, over seeds.

    Also how far its verdicts are out of order: "finite" runs of those "between" the first blow-up
    of a seed and its last finite run.
    """
    _require(grid)
    seeds, finite, between = recorded()[cell], 0, 0
    posterior: dict[str, list[float]] = {edge: [] for edge in EDGES}
    for seed in seeds:
        runs = zip(10**seed.log_rates, seed.verdicts, strict=True)
        known = Thresholds.prior(10**LOW, 10**HIGH).given(runs)
        for edge in EDGES:
            posterior[edge].append(getattr(known, edge).median)
        blown = np.array([verdict.blown for verdict in seed.verdicts])
        rates = seed.log_rates
        among = (rates >= rates[blown].min()) & (rates <= rates[~blown].max())
        finite, between = finite + int((among & ~blown).sum()), between + int(among.sum())
    found = {f"{edge}, count": np.median([getattr(s, edge) for s in seeds]) for edge in EDGES}
    found |= {f"{edge}, posterior": np.median(posterior[edge]) for edge in EDGES}
    return {"finite": finite, "between": between, **{k: _finite(v) for k, v in found.items()}}


def away(estimate: float, truth: float) -> float:
    """Distance in decades, none where both say that no rate is good; at most that of the range."""
    return 0.0 if estimate == truth else min(abs(float(estimate - truth)), HIGH - LOW)


def _finite(place: float) -> float | None:
    return float(place) if np.isfinite(place) else None


def _require(grid: str) -> None:
    if grid != digest():
        raise BadInput(f"grid={grid!r} is not that of the recorded runs, {digest()!r}")
