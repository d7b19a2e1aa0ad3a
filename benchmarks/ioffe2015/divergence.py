"""Ioffe & Szegedy 2015, Section 4.2.2: five times the learning rate, without and with.

Paper      arXiv 1502.03167, Section 4.2.2: at five times its learning rate plain Inception's
           parameters reached machine infinity; with batch normalization it trains.
Claims     At five times the largest learning rate that works for the plain network, it diverges; at
           that rate the normalized network does not.
Ours       The small Inception of ioffe2015.convergence on digits. A learning rate works where the
           run's last accuracy beats chance, in every seed; the largest of a grid is taken, and only
           where a larger one of the grid does not work. Divergence: a loss that is not finite or
           above ten times its start. Dropout, L2 and schedule are those of the plain arm.
Beside it  ioffe2015.convergence asks the same of five times the plain network's best rate, which is
           lower than the largest one that works.
Found      cpu: at five times its rate the plain network seldom diverges; most seeds go dead within
           the limit of divergence and stay at chance, which bounded losses of few layers allow.
Cost       24 to 30 runs, 1 to 2 CPU minutes.
Command    python -m benchmarks run ioffe2015.divergence --out results
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import optuna

from benchmarks.ioffe2015 import groups
from benchmarks.ioffe2015.arms import BASELINE, PLAIN
from benchmarks.ioffe2015.settings import SLIM, ArmSettings
from benchmarks.ioffe2015.settings import add_options as add_arm_options
from benchmarks.ioffe2015.tables import ends_table
from keras_norms.lab.edges.verdict import BLOWN, TRAINED, Verdict
from keras_norms.lab.progress import Progress
from keras_norms.lab.report.claims import Claim, claims_table
from keras_norms.lab.report.page import Section
from keras_norms.lab.report.tables import number
from keras_norms.lab.training import Run

TITLE = "Ioffe & Szegedy 2015, Section 4.2.2: five times the learning rate"
TIMES = 5
SCALES = {"gpu": {**SLIM, "steps": 2000}}


@dataclass(frozen=True, kw_only=True)
class Settings(ArmSettings):
    """What it is run on."""

    seeds: int = 3
    steps: int = 200
    evaluate_every: int = 0
    rates: tuple[float, ...] = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.sweep()

    @property
    def study(self) -> str:
        return f"ioffe2015-divergence-{self.data}"

    def sweep(self) -> dict[str, list[Run]]:
        """The plain network at every rate of the grid, which ascends."""
        return {f"plain, {rate:g}": self.runs(PLAIN, rate) for rate in sorted(self.rates)}

    def faster(self, working: float) -> dict[str, list[Run]]:
        """Both networks at five times a rate."""
        rate = TIMES * working
        return {
            "plain, five times": self.runs(PLAIN, rate),
            "normalized, five times": self.runs(BASELINE, rate),
        }


def add_options(parser: argparse.ArgumentParser) -> None:
    add_arm_options(parser)
    parser.add_argument("--rates", type=float, nargs="+", metavar="RATE", help="grid to sweep")


def effort(settings: Settings) -> float:
    return groups.cost(settings.sweep()) + groups.cost(settings.faster(1.0))


def run(
    study: optuna.Study,
    settings: Settings,
    *,
    data_dir: str | Path | None = None,
    progress: Progress | None = None,
) -> None:
    """Trains what is missing: the sweep, then five times what works, if any does."""
    options = {"data_dir": data_dir, "progress": progress}
    swept = groups.train_groups(study, settings.sweep(), **options)
    if working := largest_working(swept):
        groups.train_groups(study, settings.faster(working), **options)


def largest_working(swept: groups.Outcomes) -> float | None:
    """The largest rate below the first at which a seed did not train; None where that is none."""
    working = None
    for outcomes in swept.values():
        if any(not outcome.verdict.trained for outcome in outcomes):
            break
        working = outcomes[0].run.learning_rate
    return working


def section(study: optuna.Study, settings: Settings, folder: Path) -> Section:
    """The claims, and where the runs ended."""
    swept = groups.finished_groups(study, settings.sweep())
    if len(swept) < len(settings.sweep()):
        return groups.unfinished(TITLE)
    working = largest_working(swept)
    if working is None:
        return Section(TITLE, ["No learning rate of the grid works for the plain network."])
    faster = groups.finished_groups(study, settings.faster(working))
    if len(faster) < 2:
        return groups.unfinished(TITLE)
    plain, normalized = faster.values()

    def share(outcomes, *verdicts: Verdict) -> tuple[float, ...]:
        return tuple(float(outcome.verdict in verdicts) for outcome in outcomes)

    claims = [
        Claim(
            "Without batch normalization five times the largest working rate diverges.",
            "share of plain seeds that blew up",
            threshold=0.5,
            values=share(plain, *BLOWN),
            paper="reached infinity",
        ),
        Claim(
            "It does not train there, be it for divergence or for units that died.",
            "share of plain seeds that blew up or stayed at chance",
            threshold=0.5,
            values=share(plain, *BLOWN, Verdict.UNTRAINED),
        ),
        Claim(
            "With batch normalization it does not diverge.",
            "share of normalized seeds that did not blow up",
            threshold=0.5,
            values=share(normalized, *TRAINED, Verdict.UNTRAINED),
            paper="trains",
        ),
    ]
    last = settings.sweep().popitem()[1][0].learning_rate
    edge = "" if working < last else " That is the end of the grid, so larger ones may work too."
    found = {**swept, **faster}
    return Section(
        title=f"{TITLE} ({settings.data})",
        summary=[
            f"The largest rate that works for the plain network is {number(working)}.{edge}",
            *(f"{claim.sentence} {str(claim.finding).capitalize()}." for claim in claims),
        ],
        tables=[
            claims_table(
                f"{settings.study}-claims",
                claims,
                "`ioffe15-x5-diverge`: median over seeds with its 95 % bootstrap interval. The "
                "second sentence is ours.",
            ),
            ends_table(
                settings.study, found, "Test accuracy: median over seeds with its interval."
            ),
        ],
        card=__doc__ or "",
        provenance=f"{groups.provenance(study, found.values())}; {settings.steps} steps a run",
    )
