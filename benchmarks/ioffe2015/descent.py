"""Gradient descent on a bias in front of a normalizer: the example of the paper's Section 2."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.ioffe2015.steps import double, stepper
from keras_norms.layers import BatchNormalization

VALUES, START = 20, (-1.0, 0.0, 2.0)  # of the batch in each channel; of the bias


def descend(*, statistics_gradient: bool, rate: float, steps: int) -> dict[str, Any]:
    """b by step and channel, the loss by step, and the mean of the targets by channel.

    Args:
        statistics_gradient: whether the step knows that the mean depends on b.
        rate: the learning rate.
        steps: how many.
    """
    rng = np.random.default_rng(0)
    shape = VALUES, len(START)
    u, target = rng.normal(size=shape), rng.normal(1.0, 1.0, shape)
    u = u / u.std(axis=0)  # the division by the standard deviation then does nothing, as there
    b = np.array(START)
    path, losses = [b], []
    with double():
        normalize = BatchNormalization(
            epsilon=0.0,
            center=False,
            scale=False,
            statistics_gradient=statistics_gradient,
            dtype="float64",
        )
        step = stepper(normalize)
        for _ in range(steps):
            xhat = step(u + b, np.zeros_like(u)).y
            found = step(u + b, (xhat - target) / VALUES)
            losses.append(float(((target - xhat) ** 2).mean() / 2))
            b = b - rate * found.dx.sum(axis=0)
            path.append(b)
    return {
        "b": np.array(path).tolist(),
        "loss": losses,
        "gradient": np.abs(target.mean(axis=0)).tolist(),
    }
