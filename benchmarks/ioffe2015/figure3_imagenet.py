"""Ioffe & Szegedy 2015, Figures 2 and 3, as published: ImageNet at 224 pixels, streamed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from benchmarks.ioffe2015 import comparison
from benchmarks.ioffe2015.comparison import SHOWN
from benchmarks.ioffe2015.networks import ARMS, Arm, NetworkExperiment
from keras_norms.lab.options import option
from keras_norms.lab.report.ends import ends
from keras_norms.lab.report.tables import Table, number
from keras_norms.lab.training.all_devices import OnAllDevices
from keras_norms.lab.training.run import Run
from keras_norms.lab.training.validity import PRECISIONS
from keras_norms.lab.tuning import with_data

GENERATED, RATE = "generated", 0.0015


@dataclass(frozen=True, kw_only=True)
class ImageNet(NetworkExperiment):
    """Ioffe & Szegedy 2015, Figures 2 and 3: the full network on ImageNet.

    Paper      arXiv 1502.03167, Section 4.2: the network of Figure 5 on ILSVRC 2012, mini-batches
               of 32, learning rates of 0.0015 (Inception, BN-Baseline), 0.0075 (BN-x5,
               BN-x5-Sigmoid) and 0.045 (BN-x30); one central crop to validate on.
    Claims     As in ioffe2015.convergence, without its two networks that do not train.
    Switches   The changes that accompany BN-x5, BN-x30 and BN-x5-Sigmoid: no dropout (else 40 %),
               a fifth of the L2 weight, decay 6 times faster, no local response normalization;
               shuffling within shards (not with --no-shuffle); less photometric distortion (not
               with --no-less-distortion).
    Ours       Not in the paper: momentum 0.9, L2 weight 1e-4, learning rate halved over the run;
               moving averages of momentum 0.99; steps one after another where the paper's are
               asynchronous. Files are read in a new order each epoch in all arms; "within shards"
               is a shuffle among 20,000 images, those of 16 files, about 2 GiB of memory. One seed,
               as in the paper, which decides nothing.
    Devices    --replicas: all of a machine, each with its part of the batch (MirroredStrategy on
               TensorFlow, keras.distribution on JAX). On TensorFlow each replica then has its own
               statistics, as the paper's workers had; --synchronized shares them. On JAX they are
               always those of the whole batch.
    Generated  Without --scale paper: three steps of each network at full size on random images,
               which shows that it runs and no more. ioffe2015.throughput says how long it takes.
    Needs      imagenet2012 of TFDS as TFRecord; TensorFlow to read it, on every backend.
    Found      --scale paper has not been run, for want of ImageNet and a GPU.
    Cost       cpu: 5 runs, 1 to 2 CPU minutes. paper: see ioffe2015.throughput.
    Command    python -m benchmarks run ioffe2015.imagenet --out results
               KERAS_BACKEND=jax python -m benchmarks run ioffe2015.imagenet --scale paper
               --replicas --precision mixed_bfloat16 --data-dir ~/tensorflow_datasets --out results
    """

    seeds: int = option(1, "seeds", least=1, most=10_000)
    data: str = option(GENERATED, "data set, a stream", paper="imagenet2012:stream=true")
    model: str = option("bn_inception", "network")
    steps: int = option(3, "steps a run", least=1, paper=31_000_000)
    batch: int = option(2, "examples a step", least=1, paper=32)
    evaluate_every: int = option(1, "steps between evaluations", least=0, paper=20_000)
    precision: str = option("float32", "dtype policy", choices=PRECISIONS)
    shuffle: bool = option(True, "shuffle within shards in the arms of the paper that do")
    less_distortion: bool = option(True, "distort less in the arms of the paper that do")
    synchronized: bool = option(False, "share statistics among replicas")
    replicas: bool = option(False, "train on all devices of this machine")

    def plan(self):
        yield {name: self.paired(self.arm(ARMS[name], RATE)) for name in SHOWN}

    def arm(self, arm: Arm, rate: float, **changed: float | None) -> Run:
        """See `NetworkExperiment`; with what only a stream can have."""
        run = replace(super().arm(arm, rate, **changed), keep_predictions=False)
        if not (arm.accelerated and self.shuffle):
            run = with_data(run, "reshuffle=false")
        if self.data != GENERATED and not (arm.accelerated and self.less_distortion):
            run = with_data(run, "distorted=true")
        if arm.normalizer != "none":
            normalizer = "batch:synchronized=true" if self.synchronized else "batch"
            run = replace(run, normalizer=normalizer)
        run = replace(run, precision=self.precision)
        return OnAllDevices.of_run(run) if self.replicas else run

    def claims(self, found):
        return () if self.data == GENERATED else comparison.claims(found)

    def summary(self, found):
        if self.data == GENERATED:
            yield f"{len(found)} networks were trained on random images."
        yield from super().summary(found)

    def tables(self, found):
        if self.data != GENERATED:
            yield comparison.arms_table(self.name(), found, RATE)
            return
        rows = [
            {
                "network": name,
                "learning rate": number(outcome.run.learning_rate),
                "normalizer": outcome.run.normalizer,
                "first loss": number(outcome.curve["train_loss"][0]),
                "last loss": number(outcome.final("train_loss")),
                "ends": ends([outcome.verdict]),
            }
            for name in SHOWN
            for outcome in found[name]
        ]
        caption = (
            f"The first {self.steps} steps of {self.batch} random images of 224x224 pixels; "
            "ln 1000 is 6.91."
        )
        yield Table(f"{self.name()}-steps", pd.DataFrame(rows), caption)

    def figures(self, found):
        if self.data != GENERATED:
            yield comparison.draw(self.name(), found, RATE)
