"""Ioffe & Szegedy 2015, Section 4.2.1: batches whose examples change from epoch to epoch.

Paper      arXiv 1502.03167, Section 4.2.1: shuffling within shards, so that the same examples do
           not always meet in a mini-batch, gave about 1 % of validation accuracy.
Claim      The best test accuracy is higher where each epoch has new batches than where it has those
           of the first epoch, in a new order.
Ours       BN-x5 of ioffe2015.convergence: a small Inception on digits, at five times the plain
           network's rate found there. Both arms of a seed start alike, with the same first epoch.
           A soft claim: on so few images the difference is a matter of single test images.
Found      cpu: undecided; the seeds differ by a few of 397 test images, one way and the other.
Cost       10 runs, 1 CPU minute.
Command    python -m benchmarks run ioffe2015.shuffle --out results
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

import optuna

from benchmarks.ioffe2015 import groups
from benchmarks.ioffe2015.arms import X5
from benchmarks.ioffe2015.measures import best_accuracy
from benchmarks.ioffe2015.settings import SLIM, ArmSettings
from benchmarks.ioffe2015.settings import add_options as add_arm_options
from benchmarks.ioffe2015.tables import ends_table
from keras_norms.lab.report.claims import Claim, claims_table
from keras_norms.lab.report.page import Section
from keras_norms.lab.training import Run

TITLE = "Ioffe & Szegedy 2015, Section 4.2.1: shuffling"
NEW, FIXED = "new batches each epoch", "the same batches each epoch"
SCALES = {"gpu": SLIM}


@dataclass(frozen=True, kw_only=True)
class Settings(ArmSettings):
    """What it is run on; `rate` is that of the plain network."""

    steps: int = 400
    rate: float = 0.03

    def __post_init__(self) -> None:
        super().__post_init__()
        self.groups()

    @property
    def study(self) -> str:
        return f"ioffe2015-shuffle-{self.data}"

    def groups(self) -> dict[str, list[Run]]:
        runs = self.runs(X5, self.rate)
        return {NEW: runs, FIXED: [replace(run, reshuffle=False) for run in runs]}


def add_options(parser: argparse.ArgumentParser) -> None:
    add_arm_options(parser)
    parser.add_argument("--rate", type=float, metavar="RATE", help="of the plain network")


effort = groups.effort
run = groups.runner()


def section(study: optuna.Study, settings: Settings, folder: Path) -> Section:
    """The claim, and where the runs ended."""
    found = groups.finished_groups(study, settings.groups())
    if len(found) < 2:
        return groups.unfinished(TITLE)
    pairs = zip(found[NEW], found[FIXED], strict=True)
    claim = Claim(
        "New batches in each epoch raise the accuracy.",
        f"best accuracy with {NEW} − with {FIXED}",
        threshold=0,
        values=tuple(best_accuracy(new) - best_accuracy(fixed) for new, fixed in pairs),
        paper="about +0.01",
    )
    return Section(
        title=f"{TITLE} ({settings.data})",
        summary=[f"{claim.sentence} {str(claim.finding).capitalize()} at this scale."],
        tables=[
            claims_table(
                f"{settings.study}-claims",
                [claim],
                "`ioffe15-shuffle`: median over paired seeds with its 95 % bootstrap interval.",
            ),
            ends_table(
                settings.study, found, "Test accuracy: median over seeds with its interval."
            ),
        ],
        card=__doc__ or "",
        provenance=f"{groups.provenance(study, found.values())}; {settings.steps} steps a run",
    )
