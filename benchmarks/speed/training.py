"""Images a second of a network in training, beside the device's rate of matrix products."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from benchmarks.speed.clock import forget, interleaved, on_gpu
from benchmarks.speed.operations import step_operations
from keras_norms.lab import models
from keras_norms.lab.data import ImageData
from keras_norms.lab.machine import require_machine
from keras_norms.lab.training import Run
from keras_norms.lab.training.loop import Loop
from keras_norms.lab.training.normalizers import scheme
from keras_norms.lab.training.program import Program

WARM = 2  # runs that are not counted


def images_per_second(
    *, run: dict[str, Any], pixels: int, classes: int, rounds: int, machine: str
) -> dict[str, Any]:
    """Images a second by round, operations of a step, and the device's peak.

    Args:
        run: the fields of the run that are not at their defaults; its steps are a round.
        pixels, classes: of the generated images.
        rounds: how many runs are counted.
        machine: this one.
    """
    require_machine(machine)
    forget()
    one, shape = Run(**run), (pixels, pixels, 3)
    program = Program(one, generated(one.batch, shape, classes))
    done = [Loop(program, one, None, None).outcome() for _ in range(WARM + rounds)]
    costs = [outcome.cost for outcome in done[WARM:]]
    seconds = [cost.wall_seconds if on_gpu() else cost.cpu_seconds for cost in costs]
    network = models.build(one.of("model"), scheme(one.normalizer), shape, classes)
    return {
        "images_per_second": [one.batch * one.steps / each for each in seconds],
        "operations": step_operations(network, one.batch),
        "peak": peak("bfloat16" if "bfloat16" in one.precision else "float32"),
    }


def generated(batch: int, shape: tuple[int, ...], classes: int) -> ImageData:
    """Two batches to train on and one image to test on, of independent normal values."""
    draw = np.random.default_rng(0)
    images = draw.standard_normal((2 * batch, *shape), np.float32)
    labels = draw.integers(classes, size=2 * batch, dtype=np.int32)
    return ImageData("generated", images, labels, images[:1], labels[:1], classes)


def peak(dtype: str) -> float:
    """Operations a second of the product of two square matrices, the best of five."""
    size = 8192 if on_gpu() else 2048
    values = np.random.default_rng(0).standard_normal((size, size), np.float32)
    matrix = keras.ops.cast(keras.ops.convert_to_tensor(values), dtype)
    times = interleaved({"product": lambda: keras.ops.matmul(matrix, matrix)}, rounds=5)
    return 2 * size**3 / min(times["product"])
