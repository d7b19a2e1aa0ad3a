"""Models by spec, and their parameters."""

from __future__ import annotations

import math

import keras

import keras_norms
from keras_norms.lab import models
from keras_norms.lab.models import MODELS
from keras_norms.lab.specs import choose


def built(
    model: str, normalizer: str = "none", shape: tuple[int, ...] = (8, 8, 1), classes: int = 10
) -> keras.Model:
    """The model of a spec."""
    return models.build(choose("model", model, MODELS), keras_norms.get(normalizer), shape, classes)


def sizes(model: keras.Model) -> tuple[int, int]:
    """Trained and other parameters; states of random generators are no parameters."""
    return (
        sum(math.prod(variable.shape) for variable in model.trainable_weights),
        sum(math.prod(variable.shape) for variable in model.non_trainable_weights),
    )
