"""A run's model with the initial values that its seed gives."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator

import keras
import numpy as np

from keras_norms.lab import models
from keras_norms.lab.data import ImageData
from keras_norms.lab.training.run import Run


def build(run: Run, data: ImageData, seed: int) -> keras.Model:
    """The model of `run` for `data`, its variables drawn from `seed`, in the run's precision."""
    with _drawing_from(seed), _in_precision(run.precision):
        return models.build(run, data.input_shape, data.classes)


def initial_values(model: keras.Model) -> list[np.ndarray]:
    """Copies of all variables in order, the states of random generators among them."""
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in model.variables]


@contextlib.contextmanager
def _drawing_from(seed: int) -> Iterator[None]:
    """Seed Python's `random`, from which Keras draws the seed of whatever was given none."""
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)


@contextlib.contextmanager
def _in_precision(policy: str) -> Iterator[None]:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
