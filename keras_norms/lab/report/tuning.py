"""What a search for the best accuracy found: the best of each normalizer, what mattered, and how.

The trials bear the parameters `normalizer`, `learning_rate`, `momentum` and `l2`, and an
accuracy as their value; a pruned one's value is the last that it reported.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import optuna
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter
from optuna.trial import FrozenTrial, TrialState

from keras_norms.lab.report.figures import Figure, colour, drawing, marker
from keras_norms.lab.report.tables import Table, number, percent

FEWEST = 10  # finished trials below which an importance is noise
NAMES = {"learning_rate": "learning rate", "l2": "L2 weight"}


def tuning_summary(study: optuna.Study, trials: Sequence[FrozenTrial], steps: int) -> Sequence[str]:
    """The best trial, and what became of the others."""
    best = study.best_trial
    pruned = sum(trial.state is TrialState.PRUNED for trial in trials)
    failed = sum(trial.value == 0 for trial in trials if trial.state is TrialState.COMPLETE)
    return [
        f"The best of {len(trials)} trials has {percent(best.value)} accuracy after {steps} "
        f"steps: {_described(best)}.",
        f"{pruned} trials were pruned and {failed} blew up.",
    ]


def _described(trial: FrozenTrial) -> str:
    of = trial.params
    return (
        f"{of['normalizer']}, learning rate {number(of['learning_rate'])}, momentum "
        f"{number(of['momentum'])}, L2 weight {number(of['l2'])}"
    )


def best_table(name: str, trials: Sequence[FrozenTrial]) -> Table:
    """One row a normalizer, the highest accuracy first; the CSV has one row a trial."""
    tidy = pd.DataFrame(
        [
            {
                "trial": trial.number,
                "state": trial.state.name.lower(),
                "accuracy": reached(trial),
                "steps": trial.last_step,
                **trial.params,
            }
            for trial in trials
        ]
    )
    rows = []
    for normalizer, its in tidy.groupby("normalizer"):
        whole = its[its.state == "complete"]
        # Of trials that were stopped as well: what they had reached is a value like any other.
        best = its.loc[its.accuracy.idxmax()] if its.accuracy.notna().any() else None
        rows.append(
            {
                "normalizer": normalizer,
                "best accuracy": percent(np.nan if best is None else best.accuracy),
                "learning rate": number(None if best is None else best.learning_rate),
                "momentum": number(None if best is None else best.momentum),
                "L2 weight": number(None if best is None else best.l2),
                "trials": len(its),
                "pruned": len(its) - len(whole),
                "_order": -1 if best is None else best.accuracy,
            }
        )
    frame = pd.DataFrame(rows).sort_values("_order", ascending=False).drop(columns="_order")
    caption = (
        "The best trial of each normalizer, stopped ones by what they had reached. One seed; the "
        "search gives more trials "
    )
    return Table(name, frame, caption + "to what did well.", tidy)


def reached(trial: FrozenTrial) -> float:
    """Its value, or for one that was stopped the last that it reported."""
    last = trial.intermediate_values.get(trial.last_step) if trial.last_step is not None else None
    return float(np.nan if last is None else last) if trial.value is None else float(trial.value)


def importance_table(name: str, study: optuna.Study) -> Table:
    """Optuna's importance of each parameter, the largest first; shares that sum to one."""
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    found = optuna.importance.get_param_importances(study) if len(complete) >= FEWEST else {}
    rows = [
        {"parameter": NAMES.get(name, name), "importance": percent(share)}
        for name, share in found.items()
    ]
    caption = f"Importance over {len(complete)} finished trials (Optuna's PED-ANOVA)"
    if not rows:
        caption += f": fewer than {FEWEST}, too few to say"
    return Table(name, pd.DataFrame(rows, columns=["parameter", "importance"]), caption + ".")


def draw_slice(folder: Path, name: str, trials: Sequence[FrozenTrial]) -> Figure:
    """Accuracy against learning rate, one point a trial."""
    caption = (
        "Accuracy against learning rate, one point a trial, at whatever momentum and L2 "
        "weight it had. Hollow: pruned, at the accuracy it had reached."
    )
    figure = Figure(name, folder, caption)
    with drawing(figure) as axes:
        axes.set_xscale("log")
        _points(axes, trials, lambda trial: trial.params["learning_rate"])
        axes.set(xlabel="learning rate")
        axes.set_title("Accuracy by learning rate and normalizer")
    return figure


def draw_history(folder: Path, name: str, trials: Sequence[FrozenTrial]) -> Figure:
    """Accuracy in the order of the trials, and the best so far."""
    caption = "Accuracy in the order of the trials; the line is the best so far. Hollow: "
    figure = Figure(name, folder, caption + "pruned, at the accuracy it had reached.")
    with drawing(figure) as axes:
        whole = [trial for trial in trials if trial.state is TrialState.COMPLETE]
        best = np.maximum.accumulate([reached(trial) for trial in whole])
        axes.step([trial.number for trial in whole], best, where="post", color="#333333", lw=1.2)
        _points(axes, trials, lambda trial: trial.number)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set(xlabel="trial")
        axes.set_title("The search")
    return figure


def _points(axes: Axes, trials: Sequence[FrozenTrial], x) -> None:
    for normalizer in sorted({trial.params["normalizer"] for trial in trials}):
        ink, mark = colour(normalizer), marker(normalizer)
        axes.plot([], [], mark, color=ink, label=normalizer)
        for state, face in ((TrialState.COMPLETE, ink), (TrialState.PRUNED, "white")):
            its = [t for t in trials if t.state is state and t.params["normalizer"] == normalizer]
            axes.plot(
                [x(trial) for trial in its], [reached(trial) for trial in its],
                mark, mec=ink, mfc=face, ms=5, alpha=0.9, zorder=3,
            )  # fmt: skip
    axes.set(ylabel="accuracy", ylim=(-0.02, 1.02))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.figure.legend(loc="outside right center")
