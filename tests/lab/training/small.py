"""A data set and runs so small that a program is compiled in a second."""

from __future__ import annotations

import numpy as np

from keras_norms.lab.data import ImageData
from keras_norms.lab.training import Outcome, Run
from keras_norms.lab.training.loop import Loop, OnPoint, OnStep
from keras_norms.lab.training.program import Program

CLASSES = 3
MODEL = ("depth", "width", "activation", "dropout", "deviation")
OPTIMIZER = ("momentum", "nesterov", "l2", "applies_to", "rest_rate", "decay")


def small_data(size: int = 3, train: int = 50, test: int = 21) -> ImageData:
    """Noise with a bright corner that tells the class, so that it can be learned."""
    rng = np.random.default_rng(0)

    def draw(count: int) -> tuple[np.ndarray, np.ndarray]:
        labels = rng.integers(0, CLASSES, count, np.int32)
        images = rng.normal(size=(count, size, size, 1)).astype(np.float32)
        images[np.arange(count), 0, labels, 0] += 3
        return images, labels

    return ImageData("small", *draw(train), *draw(test), CLASSES)


def small_run(**fields: object) -> Run:
    """A run; arguments of its model and optimizer are written as fields."""
    given = {"depth": 2, "width": 6, "batch": 12, "steps": 8, "learning_rate": 0.1, **fields}
    return Run(
        model=_spec(given.pop("model", "mlp"), MODEL, given),
        optimizer=_spec(given.pop("optimizer", "sgd"), OPTIMIZER, given),
        **given,
    )


def train_on(
    program: Program, run: Run, on_step: OnStep | None = None, on_point: OnPoint | None = None
) -> Outcome:
    """The outcome of a run on its program."""
    return Loop(program, run, on_step, on_point).outcome()


def _spec(name: str, keys: tuple[str, ...], given: dict) -> str:
    arguments = ",".join(f"{key}={given.pop(key)}" for key in keys if key in given)
    return f"{name}:{arguments}" if arguments else name
