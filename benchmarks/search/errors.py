"""How far each method is from the dense grid's answer after a number of runs.

Every method's runs are read twice: by its own estimate (the posterior median for the threshold
sampler; for the others the place that puts fewest of their verdicts on the wrong side, as the dense
grid's answer is found), and all by the same one, the posterior median.
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
from rich.progress import track

from benchmarks.search.answers import EDGES, answer
from benchmarks.search.methods import SEARCHED
from benchmarks.search.replay import HIGH, LOW
from benchmarks.search.traces import KEY
from keras_norms.lab.edges.threshold import Thresholds
from keras_norms.lab.edges.verdict import Verdict

COUNTS = (4, 6, 8, 10, 12, 14, 16)
CLOSE = 0.1  # decades
ESTIMATES = ("own", "same")


def errors(traces: pd.DataFrame) -> pd.DataFrame:
    """A row a replay, number of runs and edge: errors in decades, and the steps so far."""
    replays = traces.groupby(KEY, sort=False)
    return pd.DataFrame(
        [
            dict(zip(KEY, key, strict=True)) | row
            for key, replay in track(replays, "errors", total=len(replays))
            for row in _errors(replay, key[0].startswith("threshold"))
        ]
    )


def _errors(replay: pd.DataFrame, by_posterior: bool) -> Iterator[dict[str, object]]:
    known = Thresholds.prior(10**LOW, 10**HIGH)
    runs = replay.assign(seed=0)
    for count in range(1, len(runs) + 1):
        last = runs.iloc[count - 1]
        known = known.given([(10**last.log_rate, Verdict(last.verdict))])
        if count not in COUNTS:
            continue
        counted = answer(runs[:count])
        for edge in EDGES:
            median = getattr(known, edge).median
            yield {
                "runs": count,
                "edge": edge,
                "own": away(median if by_posterior else counted.of(edge), last[edge]),
                "same": away(median, last[edge]),
                "steps": int(runs.steps[:count].sum()),
                "settled": known.settled(edges=SEARCHED),
            }


def away(estimate: float, truth: float) -> float:
    """Distance in decades; none where both say that no rate is good, infinite where one does."""
    return 0.0 if estimate == truth else abs(estimate - truth)
