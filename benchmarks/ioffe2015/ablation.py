"""Ioffe & Szegedy 2015, Section 4.2.1: without dropout, with less L2.

Paper      arXiv 1502.03167, Section 4.2.1: of the changes that go with batch normalization, dropout
           (40 %) is removed and the L2 weight divided by five. No numbers are given for either.
Claims     Removing dropout costs no accuracy (half a point is allowed) and the network is there in
           fewer steps; a fifth of the L2 weight costs no accuracy.
Ours       BN-x5 of ioffe2015.convergence, with each of the two changes taken back, and with both:
           a small Inception on digits at five times the plain network's rate found there. "There"
           is 95 % test accuracy.
Found      cpu: undecided throughout; the arms differ by one or two of 397 test images.
Cost       12 runs, 1 CPU minute.
Command    python -m benchmarks run ioffe2015.ablation --out results
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass, replace
from pathlib import Path

import optuna

from benchmarks.ioffe2015 import groups
from benchmarks.ioffe2015.arms import X5
from benchmarks.ioffe2015.measures import best_accuracy, steps_to
from benchmarks.ioffe2015.settings import DROPOUT, L2, SLIM, ArmSettings
from benchmarks.ioffe2015.settings import add_options as add_arm_options
from benchmarks.ioffe2015.tables import ends_table
from keras_norms.lab.report.claims import Claim, claims_table
from keras_norms.lab.report.page import Section
from keras_norms.lab.training import Outcome, Run

TITLE = "Ioffe & Szegedy 2015, Section 4.2.1: dropout and L2"
BARE, DROPPED, DECAYED, BOTH = "BN-x5", "with dropout", "with the whole L2", "with both"
ALLOWED = 0.005
SCALES = {"gpu": {**SLIM, "target": 0.8}}


@dataclass(frozen=True, kw_only=True)
class Settings(ArmSettings):
    """What it is run on; `rate` is that of the plain network, `target` the accuracy to reach."""

    seeds: int = 3
    steps: int = 400
    rate: float = 0.03
    target: float = 0.95

    def __post_init__(self) -> None:
        super().__post_init__()
        self.groups()

    @property
    def study(self) -> str:
        return f"ioffe2015-ablation-{self.data}"

    def groups(self) -> dict[str, list[Run]]:
        runs = self.runs(X5, self.rate)
        return {
            BARE: runs,
            DROPPED: [replace(run, dropout=DROPOUT) for run in runs],
            DECAYED: [replace(run, l2=L2) for run in runs],
            BOTH: [replace(run, dropout=DROPOUT, l2=L2) for run in runs],
        }


def add_options(parser: argparse.ArgumentParser) -> None:
    add_arm_options(parser)
    parser.add_argument("--rate", type=float, metavar="RATE", help="of the plain network")
    parser.add_argument("--target", type=float, metavar="SHARE", help="accuracy to reach")


effort = groups.effort
run = groups.runner()


def claims(found: groups.Outcomes, target: float) -> list[Claim]:
    """Against each of the changes taken back."""

    def gains(other: str) -> tuple[float, ...]:
        pairs = zip(found[BARE], found[other], strict=True)
        return tuple(best_accuracy(bare) - best_accuracy(back) for bare, back in pairs)

    pairs = zip(found[BARE], found[DROPPED], strict=True)
    return [
        Claim(
            "Removing dropout costs no accuracy.",
            "best(BN-x5) − best(with dropout)",
            threshold=-ALLOWED,
            values=gains(DROPPED),
            or_equal=True,
        ),
        Claim(
            "Removing dropout makes it faster.",
            f"steps to {target:.0%} with dropout / without",
            threshold=1,
            values=tuple(faster(target, *pair) for pair in pairs),
        ),
        Claim(
            "A fifth of the L2 weight costs no accuracy.",
            "best(BN-x5) − best(with the whole L2)",
            threshold=-ALLOWED,
            values=gains(DECAYED),
            or_equal=True,
        ),
    ]


def faster(target: float, one: Outcome, other: Outcome) -> float:
    """Steps of the other over those of the one; 1 where neither gets there."""
    mine, others = steps_to(target, one), steps_to(target, other)
    return 1.0 if math.isinf(mine) and math.isinf(others) else others / mine


def section(study: optuna.Study, settings: Settings, folder: Path) -> Section:
    """The claims, and where the runs ended."""
    found = groups.finished_groups(study, settings.groups())
    if len(found) < len(settings.groups()):
        return groups.unfinished(TITLE)
    judged = claims(found, settings.target)
    return Section(
        title=f"{TITLE} ({settings.data})",
        summary=[f"{claim.sentence} {str(claim.finding).capitalize()}." for claim in judged],
        tables=[
            claims_table(
                f"{settings.study}-claims",
                judged,
                "Median over paired seeds with its 95 % bootstrap interval.",
            ),
            ends_table(
                settings.study, found, "Test accuracy: median over seeds with its interval."
            ),
        ],
        card=__doc__ or "",
        provenance=f"{groups.provenance(study, found.values())}; {settings.steps} steps a run",
    )
