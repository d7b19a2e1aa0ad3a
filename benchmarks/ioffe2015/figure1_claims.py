"""What Figure 1 says, as inequalities over paired seeds."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from benchmarks.ioffe2015.groups import Outcomes
from benchmarks.ioffe2015.measures import steps_to
from keras_norms.lab.report.claims import Claim, interval_text
from keras_norms.lab.report.tables import Table, number, percent
from keras_norms.lab.training import Outcome

TARGET, ALLOWED, MOST = 0.9, 0.01, 0.8
MEDIAN = "p50"


def series(outcome: Outcome, percentile: str = MEDIAN) -> np.ndarray:
    """A percentile of each unit's input by evaluation: (evaluations, units)."""
    return np.array([row[percentile] for row in outcome.probed])


def unrest(outcome: Outcome) -> np.ndarray:
    """How much each unit's median input moves: its deviation over time."""
    return series(outcome).std(axis=0)


def transient(outcome: Outcome) -> float:
    """How far a median input is at most from where it ends, in the median unit."""
    medians = series(outcome)
    return float(np.median(np.abs(medians - medians[-1]).max(axis=0)))


def lead(plain: Outcome, normalized: Outcome) -> float:
    """The normalized network's accuracy above the plain one's, at the worst evaluation."""
    both = zip(normalized.curve["test_accuracy"], plain.curve["test_accuracy"], strict=True)
    return min(one - other for one, other in both)


def faster(plain: Outcome, normalized: Outcome) -> float:
    """Steps to 90 % of the plain network over those of the other; 1 where neither gets there."""
    slow, quick = steps_to(TARGET, plain), steps_to(TARGET, normalized)
    return 1.0 if math.isinf(slow) and math.isinf(quick) else slow / quick


def claims(without_: Sequence[Outcome], with_: Sequence[Outcome]) -> list[Claim]:
    """The networks without and with batch normalization, by paired seed."""
    pairs = list(zip(without_, with_, strict=True))
    return [
        Claim(
            "With batch normalization the accuracy is never lower on the way.",
            "smallest of accuracy(with) − accuracy(without) over the run",
            threshold=-ALLOWED,
            values=tuple(lead(*pair) for pair in pairs),
            or_equal=True,
        ),
        Claim(
            "It is at 90 % in less than half the steps.",
            "steps to 90 % without / with",
            threshold=2,
            values=tuple(faster(*pair) for pair in pairs),
        ),
        Claim(
            "The median input of most last sigmoids moves less.",
            "share of units whose median varies less over time with than without",
            threshold=MOST,
            values=tuple(float(np.mean(unrest(b) < unrest(a))) for a, b in pairs),
            or_equal=True,
        ),
        Claim(
            "Its transient is smaller.",
            "farthest from the end, without − with, in the median unit",
            threshold=0,
            values=tuple(transient(a) - transient(b) for a, b in pairs),
        ),
    ]


def rows(name: str, found: Outcomes) -> Table:
    """Every learning rate: where the accuracy ends, when it is at 90 %, how much medians move."""
    cells = [
        {
            "network": group,
            "last accuracy": interval_text([o.final("test_accuracy") for o in outcomes], percent),
            "steps to 90 %": interval_text([steps_to(TARGET, o) for o in outcomes]),
            "median input, deviation over time": interval_text(
                [float(np.median(unrest(o))) for o in outcomes]
            ),
            "median input, transient": interval_text([transient(o) for o in outcomes]),
        }
        for group, outcomes in found.items()
    ]
    tidy = [
        {
            "network": group,
            "learning_rate": outcome.run.learning_rate,
            "seed": outcome.run.seed,
            "last_accuracy": outcome.final("test_accuracy"),
            "steps_to_90": steps_to(TARGET, outcome),
            "unrest": float(np.median(unrest(outcome))),
            "transient": transient(outcome),
        }
        for group, outcomes in found.items()
        for outcome in outcomes
    ]
    caption = (
        "All learning rates: median over seeds with its interval; of the median inputs, the median "
        f"unit. {number(float('inf'))}: not reached."
    )
    return Table(name, pd.DataFrame(cells), caption, pd.DataFrame(tidy))
