"""Ioffe & Szegedy 2015, Section 4.2: how fast the networks train, and how long the whole takes.

Paper      arXiv 1502.03167, Section 4.2.2 and Figure 3: 31.0 million steps of 32 images to the
           plain network's best accuracy, 13.3, 2.1 and 2.7 million with batch normalization. It
           gives no times.
Claims     None: this is what a replication costs.
Ours       BN-x5 on generated images: the slim network of ioffe2015.convergence on 32x32 pixels, and
           the full one of ioffe2015.imagenet on 224x224. The lab's compiled program, images on
           the device; the third to fifth of five runs of a few steps, their median.
Images/s   On a GPU of the time that passes. On a CPU of CPU time, all threads added up: what one
           core that is left alone would do, since other work on the machine disturbs it least.
Work       A step is 3 x 2 x multiply-adds x batch operations: forward, and backward to inputs and
           to kernels, as much each. Multiply-adds are those of convolutions and dense layers;
           normalizers, activations and pools are left out, and so is that the images need no
           gradient.
Peak       The largest rate of a square matrix product in the same precision on the same device, by
           the same clock and at the backend's own defaults. Utilization is the network's rate over
           that, not over what a data sheet says.
Pipeline   Files of generated JPEG images of 375x500 pixels, about 105 KB each, as TFDS stores
           them: read, decoded, cropped and distorted as for ioffe2015.imagenet. Training takes the
           longer of the two, network and pipeline. Needs TensorFlow; the slim network has none,
           its images are on the device.
Total      The paper's steps of 32 images at the full network's rate, without evaluation. The arms
           without batch normalization are counted at the rate of the normalized network.
Found      Only on a CPU so far: no GPU was at hand, and --scale gpu has not been run.
Cost       cpu: 2 CPU minutes with TensorFlow, more with JAX, most of them compilation. Leave
           --workers out: they would take time from one another.
Command    python -m benchmarks run ioffe2015.throughput --out results
           KERAS_BACKEND=jax python -m benchmarks run ioffe2015.throughput --scale gpu --out results
"""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import optuna

from benchmarks.computed import compute_missing, computed, origin
from benchmarks.ioffe2015.arms import X5
from benchmarks.ioffe2015.groups import unfinished
from benchmarks.ioffe2015.operations import step_operations
from benchmarks.ioffe2015.pipeline_speed import pipeline_rate
from benchmarks.ioffe2015.settings import SLIM, ArmSettings
from benchmarks.ioffe2015.throughput_tables import rates_table, sentences, totals_table
from benchmarks.speed.clock import interleaved, on_gpu
from keras_norms.lab import models
from keras_norms.lab.data import ImageData
from keras_norms.lab.errors import BadInput
from keras_norms.lab.progress import Progress
from keras_norms.lab.provenance import provenance
from keras_norms.lab.report.page import Section
from keras_norms.lab.training import Run
from keras_norms.lab.training.program import Program
from keras_norms.lab.training.run import PRECISIONS

TITLE = "Ioffe & Szegedy 2015, Section 4.2: throughput"
SCALES = {"gpu": {"batch": 32, "steps": 50}}
WARM, ROUNDS = 2, 3  # runs that are not counted, and that are
SLIM_IMAGES, FULL_IMAGES = ((32, 32, 3), 10), ((224, 224, 3), 1000)
RATE = 0.0015


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What is measured on; the slim network has the batch that the comparison has."""

    batch: int = 8
    steps: int = 3
    precisions: tuple[str, ...] = PRECISIONS
    width: int = 64

    def __post_init__(self) -> None:
        for precision in self.precisions:
            if precision not in PRECISIONS:
                raise BadInput(f"precisions={precision!r} is unknown; write some of {PRECISIONS}")
        self.runs()

    @property
    def study(self) -> str:
        return "ioffe2015-throughput"

    def runs(self) -> dict[str, Run]:
        """A run of `steps` steps each, by name."""
        slim = ArmSettings(**{**SLIM, "seeds": 1, "steps": self.steps, "evaluate_every": 0})
        full = replace(slim, width=self.width, batch=self.batch)
        return {
            f"{name}, {precision}": replace(run, data=name, precision=precision)
            for name, settings in (("slim", slim), ("full", full))
            for run in settings.runs(X5, RATE)
            for precision in self.precisions
        }


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--precisions", nargs="+", metavar="POLICY", help=f"some of {', '.join(PRECISIONS)}"
    )


def effort(settings: Settings) -> float:
    return len(settings.runs()) + 1.0


def run(
    study: optuna.Study,
    settings: Settings,
    *,
    data_dir: str | Path | None = None,
    progress: Progress | None = None,
) -> None:
    """Measures what is missing on the running backend and device."""
    here = f"{keras.config.backend()}, {provenance()['device']}"
    measurements: dict[str, Callable[[], Any]] = {
        f"{here}; {name}, batch {run.batch}, {run.steps} steps, width {run.width}": partial(
            measured, run
        )
        for name, run in settings.runs().items()
    }
    if importlib.util.find_spec("tensorflow"):
        measurements[f"{here}; pipeline"] = partial(piped, settings.batch)
    compute_missing(study, measurements, progress or Progress.silent())


def measured(run: Run) -> dict[str, Any]:
    """Images a second, operations of a step, and the device's peak."""
    shape, classes = SLIM_IMAGES if run.data == "slim" else FULL_IMAGES
    program = Program(run, generated(run.batch, shape, classes))
    costs = [program.train(run).cost for _ in range(WARM + ROUNDS)][WARM:]
    seconds = [cost.wall_seconds if on_gpu() else cost.cpu_seconds for cost in costs]
    rate = run.batch * run.steps / float(np.median(seconds))
    operations = step_operations(models.build(run, shape, classes), run.batch)
    return here() | {
        "network": run.data,
        "precision": run.precision,
        "batch": run.batch,
        "images_per_second": rate,
        "operations": operations,
        "peak": peak("bfloat16" if "bfloat16" in run.precision else "float32"),
    }


def piped(batch: int) -> dict[str, Any]:
    return here() | {"network": "pipeline", "images_per_second": pipeline_rate(batch)}


def here() -> dict[str, str]:
    return {"backend": keras.config.backend(), "device": provenance()["device"]}


def generated(batch: int, shape: tuple[int, ...], classes: int) -> ImageData:
    """Two batches to train on and one image to test on, of independent normal values."""
    draw = np.random.default_rng(0)
    images = draw.standard_normal((2 * batch, *shape), np.float32)
    labels = draw.integers(classes, size=2 * batch, dtype=np.int32)
    return ImageData("generated", images, labels, images[:1], labels[:1], classes)


def peak(dtype: str) -> float:
    """Operations a second of the product of two square matrices."""
    size = 8192 if on_gpu() else 2048
    values = np.random.default_rng(0).standard_normal((size, size), np.float32)
    matrix = keras.ops.cast(keras.ops.convert_to_tensor(values), dtype)
    times = interleaved({"product": lambda: keras.ops.matmul(matrix, matrix)}, rounds=5)
    return 2 * size**3 / float(times["product"].min())


def section(study: optuna.Study, settings: Settings, folder: Path) -> Section:
    """Everything that the study has, of every backend and device."""
    found = list(computed(study).values())
    if not any(row["network"] == "full" for row in found):
        return unfinished(TITLE)
    return Section(
        title=TITLE,
        summary=sentences(found),
        tables=[rates_table(settings.study, found), totals_table(settings.study, found)],
        card=__doc__ or "",
        provenance=origin(study),
    )
