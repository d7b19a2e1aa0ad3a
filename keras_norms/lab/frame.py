"""The finished runs of a study as tidy pandas frames, with where they come from."""

from __future__ import annotations

from collections.abc import Sequence

import optuna
import pandas as pd
from optuna.trial import FrozenTrial

from keras_norms.lab.lease import KEY, PROVENANCE
from keras_norms.lab.provenance import described
from keras_norms.lab.trials import finished_trials, outcome_of


def frame(study: optuna.Study) -> pd.DataFrame:
    """One row a run: the run's fields, verdict, last values of the curve, cost, provenance."""
    rows = []
    for trial in finished_trials(study):
        outcome = outcome_of(trial)
        rows.append(
            {
                "trial": trial.number,
                "key": outcome.run.key,
                **outcome.run.as_dict(),
                "verdict": outcome.verdict.value,
                "blew_up_at": outcome.blew_up_at,
                **{name: outcome.final(name) for name in outcome.curve if name != "step"},
                "best_test_accuracy": max(outcome.curve["test_accuracy"]),
                "cpu_seconds": outcome.cost.cpu_seconds,
                "wall_seconds": outcome.cost.wall_seconds,
                "compile_seconds": outcome.cost.compile_seconds,
                **trial.user_attrs[PROVENANCE],
            }
        )
    return pd.DataFrame(rows).astype({"blew_up_at": "Int64"} if rows else {})


def curves(study: optuna.Study) -> pd.DataFrame:
    """One row a run and point of its curve: the run's fields, then the point's."""
    parts = []
    for trial in finished_trials(study):
        outcome = outcome_of(trial)
        part = pd.DataFrame(outcome.curve)
        named = {"key": outcome.run.key, **outcome.run.as_dict()}
        parts.append(part.assign(**named)[[*named, *part.columns]])
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def provenance_line(study: optuna.Study, keys: set[str]) -> str:
    """Where the runs with these keys come from, in one line."""
    trials = [trial for trial in finished_trials(study) if trial.user_attrs[KEY] in keys]
    return origin_line(trials, "runs")


def origin_line(trials: Sequence[FrozenTrial], noun: str) -> str:
    """How many trials there are, and where they come from, in one line."""
    origins = {tuple(trial.user_attrs[PROVENANCE].items()) for trial in trials}
    return f"{len(trials)} {noun}: " + "; ".join(described(dict(o)) for o in sorted(origins))
