"""Ioffe & Szegedy 2015, Figure 1: a small network of sigmoids, and what its last layer is fed.

Paper      arXiv 1502.03167, Section 4.1: binary MNIST images, 3 x 100 sigmoids, small Gaussian
           weights, batches of 60, 50,000 steps.
Claims     With batch normalization the test accuracy is never lower on the way (a point is allowed)
           and 90 % is reached in less than half the steps. The median input of a sigmoid of the
           last hidden layer moves less over time, in most units; its transient, the farthest that
           it is from where it ends, is smaller in the median unit.
Numbers    Read off the figure: with, about 0.95 at the first point and 0.98 later; without, about
           0.7, 0.9 at 5,000 steps and 0.97 to 0.98 at 50,000.
Ours       Not in the paper: kernels of N(0, 0.05^2), plain SGD, learning rates of 0.1, 0.5 and 1,
           moving averages of momentum 0.9. On a CPU binarized digits (8x8) and 4,000 steps.
           Percentiles are over the test images in inference mode, at every evaluation.
Rate       The claims are judged at the learning rate at which the plain network ends best (median
           over seeds): where it does not train its percentiles do not move.
Unit       The figure shows the unit, of those of seed 0, whose median moves as much as half of the
           units' do without normalization; the same place in the normalized network.
Found      cpu: "never lower" fails by a little. The plain network needs a rate that is above the
           normalized one's best; there it dips, at single evaluations, by a few of 397 test images
           below the plain one, late in the run where the two are close.
Cost       cpu: 18 runs, 2 to 3 CPU minutes.
Command    python -m benchmarks run ioffe2015.figure1 --out results
           python -m benchmarks run ioffe2015.figure1 --scale paper --data-dir ~/tensorflow_datasets
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
from benchmarks.ioffe2015.figure1_claims import claims, rows
from benchmarks.ioffe2015.figure1_plots import draw_accuracy, draw_percentiles
from benchmarks.ioffe2015.probes import input_percentiles
from keras_norms.lab.errors import BadInput
from keras_norms.lab.report.claims import claims_table
from keras_norms.lab.report.page import Section
from keras_norms.lab.report.tables import number
from keras_norms.lab.training import Run

TITLE = "Ioffe & Szegedy 2015, Figure 1: sigmoids"
ARMS = {"without": "none", "with": BATCH}
MNIST = {"data": "binary:mnist", "steps": 50_000, "evaluate_every": 500}
SCALES = {"gpu": MNIST, "paper": {**MNIST, "seeds": 5}}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What it is run on."""

    data: str = "binary:digits"
    depth: int = 3
    width: int = 100
    seeds: int = 3
    steps: int = 4000
    batch: int = 60
    evaluate_every: int = 50
    rates: tuple[float, ...] = (0.1, 0.5, 1.0)
    backend: str = field(default_factory=keras.config.backend)

    def __post_init__(self) -> None:
        if self.seeds < 1:
            raise BadInput(f"seeds={self.seeds} gives nothing to run; write 1 or more")
        self.groups()

    @property
    def study(self) -> str:
        return f"ioffe2015-figure1-{self.data.removeprefix('binary:')}"

    def groups(self) -> dict[str, list[Run]]:
        """By arm and learning rate."""
        return {
            self.group(arm, rate): [
                Run(
                    data=self.data,
                    model="mlp_small",
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

    @staticmethod
    def group(arm: str, rate: float) -> str:
        return f"{arm} batch normalization, {rate:g}"


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rates", type=float, nargs="+", metavar="RATE", help="learning rates")
    parser.add_argument("--evaluate-every", type=int, metavar="N", help="steps between looks")


effort = groups.effort
run = groups.runner(probe=input_percentiles)


def section(study: optuna.Study, settings: Settings, folder: Path) -> Section:
    """The two figures, the claims, and all learning rates."""
    found = groups.finished_groups(study, settings.groups())
    if len(found) < len(settings.groups()):
        return groups.unfinished(TITLE)

    def at(rate: float) -> dict[str, list]:
        return {arm: found[settings.group(arm, rate)] for arm in ARMS}

    def ended(rate: float) -> float:
        return float(np.median([o.final("test_accuracy") for o in at(rate)["without"]]))

    rate = max(settings.rates, key=ended)
    judged = claims(**{f"{arm}_": outcomes for arm, outcomes in at(rate).items()})
    figures, said = folder / "figures", f"Learning rate {number(rate)}. "
    return Section(
        title=f"{TITLE} ({settings.data})",
        summary=[
            f"The plain network ends best at a learning rate of {number(rate)}.",
            *(f"{claim.sentence} {str(claim.finding).capitalize()}." for claim in judged),
        ],
        figures=[
            draw_accuracy(figures, f"{settings.study}-a", at(rate), said),
            draw_percentiles(figures, f"{settings.study}-bc", at(rate), said),
        ],
        tables=[
            claims_table(
                f"{settings.study}-claims",
                judged,
                "`ioffe15-fig1a`, `ioffe15-fig1bc`: median over paired seeds with its 95 % "
                f"bootstrap interval, at a learning rate of {number(rate)}.",
            ),
            rows(settings.study, found),
        ],
        card=__doc__ or "",
        provenance=f"{groups.provenance(study, found.values())}; {settings.steps} steps a run",
    )
