"""A row a group of runs: where they ended."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from benchmarks.ioffe2015.groups import Outcomes
from benchmarks.ioffe2015.measures import best_accuracy
from keras_norms.lab.edges.verdict import Verdict
from keras_norms.lab.report.claims import interval_text
from keras_norms.lab.report.tables import Table, number, percent


def ends(verdicts: Iterable[Verdict]) -> str:
    """How many of each, in words."""
    verdicts = list(verdicts)
    counts = ((verdicts.count(verdict), verdict) for verdict in Verdict)
    return ", ".join(f"{count} {verdict}" for count, verdict in counts if count)


def ends_table(name: str, found: Outcomes, caption: str) -> Table:
    """Best and last test accuracy of each group (median over seeds, interval), and its verdicts."""
    rows, tidy = [], []
    for group, outcomes in found.items():
        best = [best_accuracy(outcome) for outcome in outcomes]
        last = [outcome.final("test_accuracy") for outcome in outcomes]
        rows.append(
            {
                "network": group,
                "learning rate": number(outcomes[0].run.learning_rate),
                "best accuracy": interval_text(best, percent),
                "last accuracy": interval_text(last, percent),
                "ends": ends(outcome.verdict for outcome in outcomes),
            }
        )
        tidy += [
            {
                "network": group,
                "learning_rate": outcome.run.learning_rate,
                "seed": outcome.run.seed,
                "best_accuracy": highest,
                "last_accuracy": end,
                "verdict": str(outcome.verdict),
            }
            for outcome, highest, end in zip(outcomes, best, last, strict=True)
        ]
    return Table(name, pd.DataFrame(rows), caption, pd.DataFrame(tidy))
