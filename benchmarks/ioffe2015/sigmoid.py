"""Ioffe & Szegedy 2015, Section 4.2.2: deep networks of sigmoids.

Paper      arXiv 1502.03167, Section 4.2.2: BN-x5 with sigmoids reaches 69.8 % on ImageNet; without
           batch normalization a network of sigmoids never does better than chance, 0.1 %.
Claims     Without batch normalization the best learning rate leaves the accuracy below one and a
           half times chance; with it the accuracy is above 60 % (four times chance on CIFAR-10).
Ours       MLP of 8 x 100 sigmoids on digits, Glorot normal kernels, plain SGD, batches of 60. Each
           arm at the best of three learning rates, by the median of the best test accuracies over
           seeds.
Cost       18 runs, 1 to 2 CPU minutes.
Command    python -m benchmarks run ioffe2015.sigmoid --out results
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from pathlib import Path

import keras
import numpy as np
import optuna

from benchmarks.ioffe2015 import groups
from benchmarks.ioffe2015.arms import BATCH
from benchmarks.ioffe2015.measures import best_accuracy
from benchmarks.ioffe2015.settings import SLIM
from benchmarks.ioffe2015.tables import ends_table
from keras_norms.lab.errors import BadInput
from keras_norms.lab.report.claims import Claim, claims_table
from keras_norms.lab.report.page import Section
from keras_norms.lab.training import Outcome, Run

TITLE = "Ioffe & Szegedy 2015, Section 4.2.2: sigmoids"
ARMS = {"without": "none", "with": BATCH}
SCALES = {"gpu": {**SLIM, "rates": (0.01, 0.1, 1.0), "enough": 0.4}}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What it is run on; `enough` is the accuracy that the normalized network is to pass."""

    data: str = "digits"
    model: str = "mlp"
    depth: int = 8
    width: int = 100
    seeds: int = 3
    steps: int = 3000
    batch: int = 60
    evaluate_every: int = 100
    rates: tuple[float, ...] = (0.3, 1.0, 3.0)
    enough: float = 0.6
    classes: int = 10
    backend: str = field(default_factory=keras.config.backend)

    def __post_init__(self) -> None:
        if self.seeds < 1:
            raise BadInput(f"seeds={self.seeds} gives nothing to run; write 1 or more")
        self.groups()

    @property
    def study(self) -> str:
        return f"ioffe2015-sigmoid-{self.data}"

    def groups(self) -> dict[str, list[Run]]:
        """By arm and learning rate."""
        return {
            f"{arm} batch normalization, {rate:g}": [
                Run(
                    data=self.data,
                    model=self.model,
                    depth=self.depth,
                    width=self.width,
                    normalizer=normalizer,
                    activation="sigmoid",
                    batch=self.batch,
                    steps=self.steps,
                    evaluate_every=self.evaluate_every,
                    learning_rate=rate,
                    seed=seed,
                    backend=self.backend,
                )
                for seed in range(self.seeds)
            ]
            for arm, normalizer in ARMS.items()
            for rate in self.rates
        }


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", metavar="NAME", help="mlp, inception or bn_inception")
    parser.add_argument("--depth", type=int, metavar="N", help="hidden layers, or blocks")
    parser.add_argument("--width", type=int, metavar="N", help="units of a layer")
    parser.add_argument("--rates", type=float, nargs="+", metavar="RATE", help="learning rates")
    parser.add_argument("--enough", type=float, metavar="SHARE", help="accuracy to pass")
    parser.add_argument("--classes", type=int, metavar="N", help="of the data, for chance")


effort = groups.effort
run = groups.runner()


def best(found: groups.Outcomes, arm: str) -> list[Outcome]:
    """The arm's outcomes at its best learning rate."""
    of_arm = [outcomes for name, outcomes in found.items() if name.startswith(f"{arm} ")]
    return max(of_arm, key=lambda outcomes: np.median(list(map(best_accuracy, outcomes))))


def section(study: optuna.Study, settings: Settings, folder: Path) -> Section:
    """The claims, and where the runs ended."""
    found = groups.finished_groups(study, settings.groups())
    if len(found) < len(settings.groups()):
        return groups.unfinished(TITLE)
    chance = 1 / settings.classes
    without, with_it = best(found, "without"), best(found, "with")
    claims = [
        Claim(
            "Without batch normalization the network of sigmoids stays at chance.",
            "chance / best accuracy without",
            threshold=1 / 1.5,
            values=tuple(chance / best_accuracy(outcome) for outcome in without),
            paper="1",
        ),
        Claim(
            "With it the network trains.",
            "best accuracy with",
            threshold=settings.enough,
            values=tuple(map(best_accuracy, with_it)),
            paper="0.698",
        ),
    ]
    return Section(
        title=f"{TITLE} ({settings.model}, {settings.data})",
        summary=[f"{claim.sentence} {str(claim.finding).capitalize()}." for claim in claims],
        tables=[
            claims_table(
                f"{settings.study}-claims",
                claims,
                "`ioffe15-sigmoid`: median over seeds with its 95 % bootstrap interval, each arm "
                "at its best learning rate.",
            ),
            ends_table(
                settings.study, found, "Test accuracy: median over seeds with its interval."
            ),
        ],
        card=__doc__ or "",
        provenance=f"{groups.provenance(study, found.values())}; {settings.steps} steps a run",
    )
