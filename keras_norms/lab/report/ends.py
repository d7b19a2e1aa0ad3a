"""Tables of runs: where groups of them ended, and how a learning rate was chosen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import pandas as pd

from keras_norms.lab.found import Group
from keras_norms.lab.report.claims import interval_text
from keras_norms.lab.report.tables import Table, number, percent
from keras_norms.lab.tuning import mean_accuracy

CAPTION = "Test accuracy: median over seeds with its exact interval (95 % from six seeds on)."


def ends(verdicts: Iterable[str]) -> str:
    """How many of each, in words."""
    return ", ".join(f"{count} {verdict}" for verdict, count in Counter(verdicts).items())


def ends_table(name: str, found: Mapping[str, Group], caption: str = CAPTION) -> Table:
    """Best and last test accuracy of each group (median over seeds, interval), and its verdicts."""
    rows = []
    for group, outcomes in found.items():
        best, last = (one.values.values() for one in (outcomes.best(), outcomes.final()))
        rows.append(
            {
                "network": group,
                "learning rate": number(outcomes[0].run.learning_rate),
                "best accuracy": interval_text([*best], percent),
                "last accuracy": interval_text([*last], percent),
                "ends": ends(outcome.verdict for outcome in outcomes),
            }
        )
    tidy = [
        {
            "network": group,
            "learning_rate": outcome.run.learning_rate,
            "seed": outcome.run.seed,
            "best_accuracy": outcome.best("test_accuracy"),
            "last_accuracy": outcome.final("test_accuracy"),
            "verdict": str(outcome.verdict),
        }
        for group, outcomes in found.items()
        for outcome in outcomes
    ]
    return Table(f"{name}-ends", pd.DataFrame(rows), caption, pd.DataFrame(tidy))


def sweep_table(name: str, groups: Mapping[float, Group], chosen: float) -> Table:
    """A row a learning rate that was tried on the validation split; see `lab.tuning`."""
    rows = [
        {
            "learning rate": number(rate),
            "mean accuracy of a run": percent(mean_accuracy(group).estimate),
            "best accuracy": percent(group.best().estimate),
            "ends": ends(outcome.verdict for outcome in group),
            "chosen": "yes" if rate == chosen else "",
        }
        for rate, group in groups.items()
    ]
    caption = (
        "The learning rate, chosen on a fifth of the training set with tuning seeds: the highest "
        "best accuracy; within half a point of it, the highest accuracy averaged over the run "
        "(medians over seeds)."
    )
    return Table(f"{name}-sweep", pd.DataFrame(rows), caption)
