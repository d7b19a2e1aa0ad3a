"""Ioffe & Szegedy 2015, Section 4.2: how fast the networks train, and how long the whole takes."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass

from benchmarks.ioffe2015 import throughput_tables
from benchmarks.ioffe2015.networks import X5
from keras_norms.lab.machine import MachineExperiment
from keras_norms.lab.options import option
from keras_norms.lab.training.validity import PRECISIONS
from keras_norms.lab.walk import Recorded

NETWORK = "benchmarks.speed.training.images_per_second"
PIPELINE = "benchmarks.speed.pipeline.images_per_second"


@dataclass(frozen=True, kw_only=True)
class Throughput(MachineExperiment):
    """Ioffe & Szegedy 2015, Section 4.2: throughput.

    Paper      arXiv 1502.03167, Section 4.2.2 and Figure 3: 31.0 million steps of 32 images to the
               plain network's best accuracy, 13.3, 2.1 and 2.7 million with batch normalization. It
               gives no times.
    Claims     None: this is what a replication costs.
    Ours       BN-x5 on generated images: the slim network of ioffe2015.convergence on 32x32 pixels
               (batches of 64), and the full one of ioffe2015.imagenet on 224x224. The lab's
               compiled program, images on the device; two runs of a few steps to warm up, then the
               median of the rounds.
    Images/s   On a GPU of the time that passes. On a CPU of CPU time, all threads added up: what
               one core that is left alone would do, since other work on the machine disturbs it
               least.
    Work       A step is 3 x 2 x multiply-adds x batch operations: forward, and backward to inputs
               and to kernels, as much each. Multiply-adds are those of convolutions and dense
               layers; normalizers, activations and pools are left out, and so is that the images
               need no gradient.
    Peak       The largest rate of a square matrix product in the same precision on the same device,
               by the same clock and at the backend's own defaults. Utilization is the network's
               rate over that, not over what a data sheet says.
    Pipeline   Files of generated JPEG images of 375x500 pixels, about 105 KB each, as TFDS stores
               them: read, decoded, cropped and distorted as for ioffe2015.imagenet. Training takes
               the longer of the two, network and pipeline. Needs TensorFlow.
    Total      The paper's steps of 32 images at the full network's rate, without evaluation. The
               arms without batch normalization are counted at the rate of the normalized network.
    Found      Only on a CPU so far: no GPU was at hand, and --scale gpu has not been run.
    Cost       cpu: 2 CPU minutes with TensorFlow, more with JAX, most of them compilation.
    Command    python -m benchmarks run ioffe2015.throughput --out results
               KERAS_BACKEND=jax python -m benchmarks run ioffe2015.throughput --scale gpu
    """

    batch: int = option(8, "images a step of the full network", least=1, gpu=32)
    steps: int = option(3, "steps a round", least=1, gpu=50)
    rounds: int = option(6, "rounds", least=1, most=1000)
    precisions: tuple[str, ...] = option(PRECISIONS, "dtype policies", choices=PRECISIONS)
    width: int = option(64, "filters of the full network's first convolution", least=1)

    def plan(self):
        slim = self.network("bn_inception:width=16", batch=64, pixels=32, classes=10)
        full = self.network(f"bn_inception:width={self.width}", self.batch, 224, 1000)
        groups = {"slim": slim, "full": full}
        if importlib.util.find_spec("tensorflow"):
            groups["pipeline"] = [self.job(PIPELINE, {"batch": self.batch})]
        recorded = {"networks": Recorded(NETWORK), "pipelines": Recorded(PIPELINE)}
        yield groups | recorded

    def network(self, model: str, batch: int, pixels: int, classes: int):
        run = {
            "model": model,
            "normalizer": X5.normalizer,
            "optimizer": "sgd:momentum=0.9,l2=2e-05",
            "learning_rate": 0.0075,
            "batch": batch,
            "steps": self.steps,
        }
        images = {"pixels": pixels, "classes": classes, "rounds": self.rounds}
        return [
            self.job(NETWORK, {"run": {**run, "precision": precision}, **images}, effort=10)
            for precision in self.precisions
        ]

    def summary(self, found):
        yield from throughput_tables.sentences(found["networks"])

    def tables(self, found):
        if not len(found["networks"]):
            return  # nothing was timed on any machine yet
        yield throughput_tables.rates_table(self.name(), found["networks"], found["pipelines"])
        yield throughput_tables.totals_table(self.name(), found["networks"])
