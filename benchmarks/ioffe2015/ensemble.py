"""Ioffe & Szegedy 2015, Figure 4: an ensemble of six networks.

Paper      arXiv 1502.03167, Section 4.2.3: six networks like BN-x30, some with larger initial
           weights, dropout of 5 or 10 %, or per-activation normalization in the last layers; the
           mean of their class probabilities.
Claims     The ensemble's error is below that of its best network, and below their mean error.
Numbers    Top-1 error on ImageNet, 144 crops: 21.99 % for one network, 20.1 % for six.
Ours       Six BN-x30 of ioffe2015.convergence (a small Inception on digits), two each with dropout
           of 0, 5 and 10 %, six seeds; several such ensembles. Fewer steps than there, since
           networks without errors have nothing to gain. No crops, no other initial weights, no
           per-activation normalization.
Cost       18 runs, 1 to 2 CPU minutes.
Command    python -m benchmarks run ioffe2015.ensemble --out results
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import optuna
import pandas as pd

from benchmarks.ioffe2015 import groups
from benchmarks.ioffe2015.arms import X30
from benchmarks.ioffe2015.probes import class_probabilities
from benchmarks.ioffe2015.settings import SLIM, ArmSettings
from benchmarks.ioffe2015.settings import add_options as add_arm_options
from keras_norms.lab.report.claims import Claim, claims_table
from keras_norms.lab.report.page import Section
from keras_norms.lab.report.tables import Table, percent
from keras_norms.lab.training import Outcome, Run

TITLE = "Ioffe & Szegedy 2015, Figure 4: an ensemble of six"
DROPOUTS = (0.0, 0.05, 0.1, 0.0, 0.05, 0.1)
SCALES = {"gpu": {**SLIM, "seeds": 1, "evaluate_every": 0}}


@dataclass(frozen=True, kw_only=True)
class Settings(ArmSettings):
    """What it is run on; `seeds` is the number of ensembles, `rate` that of the plain network."""

    seeds: int = 3
    steps: int = 150
    evaluate_every: int = 0  # one look at the end: its probabilities are kept
    rate: float = 0.03

    def __post_init__(self) -> None:
        super().__post_init__()
        self.groups()

    @property
    def study(self) -> str:
        return f"ioffe2015-ensemble-{self.data}"

    def groups(self) -> dict[str, list[Run]]:
        """By ensemble: six networks of six seeds that no other ensemble has."""
        first = self.runs(X30, self.rate)[0]
        six = len(DROPOUTS)
        return {
            f"ensemble {k + 1}": [
                replace(first, dropout=dropout, seed=six * k + place)
                for place, dropout in enumerate(DROPOUTS)
            ]
            for k in range(self.seeds)
        }


def add_options(parser: argparse.ArgumentParser) -> None:
    add_arm_options(parser)
    parser.add_argument("--rate", type=float, metavar="RATE", help="of the plain network")


effort = groups.effort
run = groups.runner(probe=class_probabilities)


def errors(outcomes: Sequence[Outcome]) -> tuple[list[float], float]:
    """Test error of each network, and that of the mean of their probabilities."""
    seen = [outcome.probed[-1] for outcome in outcomes]
    labels = np.array(seen[0]["labels"])
    all_odds = np.array([row["probabilities"] for row in seen])

    def error(odds: np.ndarray) -> float:
        return float(np.mean(odds.argmax(axis=1) != labels))

    return [error(odds) for odds in all_odds], error(all_odds.mean(axis=0))


def section(study: optuna.Study, settings: Settings, folder: Path) -> Section:
    """Errors of the networks and of the ensembles, and the claims."""
    found = groups.finished_groups(study, settings.groups())
    if len(found) < len(settings.groups()):
        return groups.unfinished(TITLE)
    measured = {name: errors(outcomes) for name, outcomes in found.items()}
    claims = [
        Claim(
            "The ensemble is better than its networks are on average.",
            "mean error of the six − error of the ensemble",
            threshold=0,
            values=tuple(float(np.mean(six)) - one for six, one in measured.values()),
        ),
        Claim(
            "The ensemble is better than its best network.",
            "lowest error of the six − error of the ensemble",
            threshold=0,
            values=tuple(min(six) - one for six, one in measured.values()),
            paper="0.019",
        ),
    ]
    return Section(
        title=f"{TITLE} ({settings.data})",
        summary=[f"{claim.sentence} {str(claim.finding).capitalize()}." for claim in claims],
        tables=[
            claims_table(
                f"{settings.study}-claims",
                claims,
                "`ioffe15-fig4`: median over ensembles with its 95 % bootstrap interval. The "
                "paper's number compares with one network, on 144 crops.",
            ),
            errors_table(settings.study, measured),
        ],
        card=__doc__ or "",
        provenance=f"{groups.provenance(study, found.values())}; {settings.steps} steps a run",
    )


def errors_table(name: str, measured: dict[str, tuple[list[float], float]]) -> Table:
    rows = [
        {
            "ensemble": ensemble,
            "best of the six": percent(min(six)),
            "mean of the six": percent(float(np.mean(six))),
            "worst of the six": percent(max(six)),
            "mean probabilities": percent(one),
        }
        for ensemble, (six, one) in measured.items()
    ]
    tidy = [
        {"ensemble": ensemble, "network": network, "error": error}
        for ensemble, (six, one) in measured.items()
        for network, error in [*enumerate(six), ("all", one)]
    ]
    return Table(name, pd.DataFrame(rows), "Test error.", pd.DataFrame(tidy))
