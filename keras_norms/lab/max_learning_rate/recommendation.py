"""The learning rate to use: a third of the largest that is useful, tried with every seed.

Edges are those of short runs: over longer ones they come down by up to half a decade, and another
seed's lies elsewhere by a tenth or two. So a rate below them is tried, and a lower one where that
fails; only a rate at which the runs of all seeds passed is ever recommended.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from optuna.trial import FrozenTrial

from keras_norms.lab.edges.edge import PASSED
from keras_norms.lab.edges.verdict import Verdict
from keras_norms.lab.max_learning_rate.trial import RATE, SEED, VERDICT

DIVISORS = (3, 9, 27)  # of the edge, tried one after the other
CLOSEST = 2  # a rate is not recommended where the edge turns out to be less than twice as large
WORDS = {"useful": "useful", "alive": "trained, though not useful,"}


@dataclass(frozen=True)
class Recommendation:
    """Attributes:
    rate: to use, at which the runs of all seeds passed; None where there is no such rate.
    why: in words.
    """

    rate: float | None
    why: str

    def __str__(self) -> str:
        return self.why if self.rate is None else f"{self.rate:.2g}: {self.why}"


def recommended(
    trials: Sequence[FrozenTrial], seeds: int, goal: str, edge: float
) -> Recommendation:
    """From what was tried.

    Args:
        trials: the finished runs.
        seeds: how many there are.
        goal: the edge in question, "useful" or "alive".
        edge: the largest rate at which runs pass, 0 where there is none.
    """
    if not edge:
        return Recommendation(None, "no rate: at none most of the seeds trained")
    passed = PASSED[goal][1]
    by_rate: dict[float, list[FrozenTrial]] = {}
    for trial in trials:
        by_rate.setdefault(trial.params[RATE], []).append(trial)
    good = [
        rate
        for rate, its in by_rate.items()
        if rate <= edge / CLOSEST
        and len({trial.user_attrs[SEED] for trial in its}) == seeds
        and all(passed(Verdict(trial.user_attrs[VERDICT])) for trial in its)
    ]
    if not good:
        return Recommendation(
            None, f"no rate: none below {edge / CLOSEST:.2g} was {goal} with every seed"
        )
    rate = max(good)
    with_seeds = f"with each of {seeds} seeds" if seeds > 1 else "with one seed"
    return Recommendation(
        rate,
        f"{WORDS[goal]} {with_seeds} ({_ends(by_rate[rate])}), and {edge / rate:.2g} times smaller "
        f"than the largest rate that was",
    )


def candidates(edge: float, low: float) -> Iterator[float]:
    """Rates to try, of two digits, from the largest down to `low`."""
    for divisor in DIVISORS:
        unit = 10.0 ** (math.floor(math.log10(edge / divisor)) - 1)
        rate = float(f"{math.floor(edge / divisor / unit) * unit:.2g}")
        if rate >= low:
            yield rate


def _ends(trials: Sequence[FrozenTrial]) -> str:
    """How the runs ended: the range of their accuracies, or of their losses."""
    accuracies = [trial.user_attrs["accuracy"] for trial in trials]
    if None not in accuracies:
        return f"accuracy {_between(accuracies)}"
    return f"training loss {_between([float(trial.user_attrs['last_loss']) for trial in trials])}"


def _between(values: Sequence[float]) -> str:
    low, high = f"{min(values):.3g}", f"{max(values):.3g}"
    return low if low == high else f"{low} to {high}"
