"""The scaled ReLU that preserves mean and variance (Arpit et al. 2016)."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

MEAN = 1 / math.sqrt(2 * math.pi)  # of relu(z), z standard normal
GAIN = math.sqrt(2 * math.pi / (math.pi - 1))  # 1 / its deviation


@keras.saving.register_keras_serializable(package="keras_norms")
def scaled_relu(x: Any) -> Any:
    """`sqrt(2 pi / (pi - 1)) * (relu(x) - 1 / sqrt(2 pi))`, elementwise.

    Standard normal inputs come out with mean 0 and variance 1, where plain ReLU makes them 0.399
    and 0.341. With unit-norm filters (`WeightNormalization(layer, gain_initializer="ones")`) it
    keeps a deep network's activations normalized in expectation. Pass it wherever Keras takes an
    activation.

    Args:
        x: tensor of any shape.

    Returns:
        A tensor of the shape and dtype of `x`.

    Reference: Arpit et al. 2016, arXiv 1603.01431; in this form in the networks of Lubana et al.
    2021, arXiv 2106.05956.
    """
    return (ops.relu(x) - MEAN) * GAIN
