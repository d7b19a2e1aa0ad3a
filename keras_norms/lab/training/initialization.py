"""A run's model with the initial values that its seed gives."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from keras_norms.lab import models
from keras_norms.lab.models.initializers import initialized_by
from keras_norms.lab.training.normalizers import scheme

if TYPE_CHECKING:
    from keras_norms.lab.training.run import Run


def build(run: Run, data: Any, seed: int) -> keras.Model:
    """The model of `run` for `data`, its variables drawn from `seed`, in the run's precision.

    Args:
        run: the run.
        data: what has an `input_shape` and `classes`, be it in memory or a stream.
        seed: of the weights.
    """
    made_with = scheme(run.normalizer)
    with (
        _drawing_from(seed),
        _in_precision(run.precision),
        initialized_by(run.of("initializer")),
    ):
        return models.build(run.of("model"), made_with, data.input_shape, data.classes)


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
