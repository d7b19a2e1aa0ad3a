"""Ioffe & Szegedy 2015, Figures 2 and 3, as published: ImageNet at 224 pixels, streamed.

Paper      arXiv 1502.03167, Section 4.2: the network of Figure 5 on ILSVRC 2012, mini-batches of
           32, learning rates of 0.0015 (Inception, BN-Baseline), 0.0075 (BN-x5, BN-x5-Sigmoid) and
           0.045 (BN-x30); one central crop to validate on.
Claims     As in ioffe2015.convergence.
Switches   The changes that accompany BN-x5, BN-x30 and BN-x5-Sigmoid: no dropout (else 40 %), a
           fifth of the L2 weight, decay 6 times faster, no local response normalization;
           shuffling within shards (not with --no-shuffle); less photometric distortion (not with
           --full-distortion).
Ours       Not in the paper: momentum 0.9, L2 weight 1e-4, learning rate halved over the run; moving
           averages of momentum 0.99; steps one after another where the paper's are asynchronous.
           Files are read in a new order each epoch in all arms; "within shards" is a shuffle among
           20,000 images, those of 16 files, about 2 GiB of memory. Crops and distortions are said
           in crops.py; "less" is half as strong. One seed, as in the paper.
Devices    --replicas: all of a machine, each with its part of the batch (MirroredStrategy on
           TensorFlow, keras.distribution on JAX). On TensorFlow each replica then has its own
           statistics, as the paper's workers had; --synchronized shares them. On JAX they are
           always those of the whole batch.
Stopping   --checkpoints DIR: a run that is stopped goes on from its last evaluation to the same
           curve, bit by bit on one device. Runs that have ended are in --out, as everywhere.
Generated  Without --scale paper: three steps of each network at full size on random images, which
           shows that it runs and no more. ioffe2015.throughput says how long the whole takes.
Needs      imagenet2012 of TFDS as TFRecord; TensorFlow to read it, on every backend.
Found      --scale paper has not been run: neither ImageNet nor a GPU was at hand.
Cost       cpu: 5 runs, 1 to 2 CPU minutes. paper: see ioffe2015.throughput.
Command    python -m benchmarks run ioffe2015.imagenet --out results
           KERAS_BACKEND=jax python -m benchmarks run ioffe2015.imagenet --scale paper --replicas
           --precision mixed_bfloat16 --data-dir ~/tensorflow_datasets --checkpoints ckpt --out out
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import optuna
import pandas as pd

from benchmarks.ioffe2015 import groups, streamed
from benchmarks.ioffe2015.arms import ARMS, PLAIN, Arm
from benchmarks.ioffe2015.groups import Outcomes, unfinished
from benchmarks.ioffe2015.measures import Comparison
from benchmarks.ioffe2015.page import contents
from benchmarks.ioffe2015.settings import ArmSettings
from benchmarks.ioffe2015.streams import DISTORTED, GENERATED
from benchmarks.ioffe2015.tables import ends
from keras_norms.lab.progress import Progress
from keras_norms.lab.report.page import Section
from keras_norms.lab.report.tables import Table, number
from keras_norms.lab.training import Run

TITLE = "Ioffe & Szegedy 2015, Figures 2 and 3 (the full network, {})"
RATE = 0.0015
STREAMED = True
GROWING = ("replicas", "checkpoints")  # how it is run, not what
SCALES = {
    "paper": {
        "data": "imagenet2012", "steps": 31_000_000, "batch": 32, "evaluate_every": 20_000,
    }
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Settings(ArmSettings):
    """What it is run on; `replicas` and `checkpoints` as in `streamed.train`."""

    data: str = GENERATED
    model: str = "bn_inception"
    depth: int = 10
    width: int = 64
    seeds: int = 1
    steps: int = 3
    batch: int = 2
    evaluate_every: int = 1
    precision: str = "float32"
    shuffle: bool = True
    less_distortion: bool = True
    synchronized: bool = False
    replicas: bool = False
    checkpoints: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.groups()

    @property
    def study(self) -> str:
        return f"ioffe2015-imagenet-{self.data}"

    def runs(self, arm: Arm, rate: float) -> list[Run]:
        """See `ArmSettings`; with what only a stream can have."""
        normalizer = "batch:synchronized=True" if self.synchronized else "batch"
        distorted = self.data != GENERATED and not (arm.accelerated and self.less_distortion)
        return [
            replace(
                run,
                data=DISTORTED * distorted + self.data,
                normalizer="none" if arm.normalizer == "none" else normalizer,
                reshuffle=arm.accelerated and self.shuffle,
                precision=self.precision,
            )
            for run in super().runs(arm, rate)
        ]

    def groups(self) -> dict[str, list[Run]]:
        return {arm.name: self.runs(arm, RATE) for arm in ARMS}


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--width", type=int, metavar="N", help="filters of the first convolution")
    parser.add_argument("--evaluate-every", type=int, metavar="N", help="steps between evaluations")
    parser.add_argument("--precision", metavar="POLICY", help="float32 or mixed_bfloat16")
    parser.add_argument(
        "--checkpoints", metavar="DIR", help="folder in which stopped runs are kept"
    )
    for option, name, value, meaning in (
        ("--replicas", "replicas", True, "train on all devices of this machine"),
        ("--synchronized", "synchronized", True, "statistics of all replicas together"),
        ("--no-shuffle", "shuffle", False, "no shuffling within shards in any network"),
        ("--full-distortion", "less_distortion", False, "the same distortions in all networks"),
    ):
        parser.add_argument(option, dest=name, action="store_const", const=value, help=meaning)


effort = groups.effort


def run(
    study: optuna.Study,
    settings: Settings,
    *,
    data_dir: str | Path | None = None,
    progress: Progress | None = None,
) -> None:
    """Trains what is missing."""
    train = partial(streamed.train, checkpoints=settings.checkpoints, replicas=settings.replicas)
    groups.train_groups(study, settings.groups(), data_dir=data_dir, progress=progress, train=train)


def section(study: optuna.Study, settings: Settings, folder: Path) -> Section:
    """The comparison; on generated images, that the networks train."""
    found = groups.finished_groups(study, settings.groups())
    title = TITLE.format(settings.data)
    if PLAIN.name not in found:
        return unfinished(title)
    if settings.data == GENERATED:
        parts = {
            "summary": [f"{len(found)} of {len(ARMS)} networks were trained on random images."],
            "tables": [first_steps(settings, found)],
        }
    else:
        arms = {arm: found[arm.name] for arm in ARMS if arm.name in found}
        parts = contents(Comparison(settings.study, {RATE: arms[PLAIN]}, RATE, arms), folder)
    return Section(
        title=title,
        card=__doc__ or "",
        provenance=f"{groups.provenance(study, found.values())}; {settings.steps} steps a run",
        **parts,
    )


def first_steps(settings: Settings, found: Outcomes) -> Table:
    rows = [
        {
            "network": name,
            "learning rate": number(outcome.run.learning_rate),
            "normalizer": outcome.run.normalizer,
            "first loss": number(outcome.curve["train_loss"][0]),
            "last loss": number(outcome.final("train_loss")),
            "ends": ends([outcome.verdict]),
        }
        for name, outcomes in found.items()
        for outcome in outcomes
    ]
    return Table(
        settings.study,
        pd.DataFrame(rows),
        f"The first {settings.steps} steps of {settings.batch} random images of 224x224 pixels, "
        f"width {settings.width}; ln 1000 is 6.91.",
    )
