"""What theory says the largest stable learning rate is."""

from __future__ import annotations

import math

import numpy as np

from keras_norms.lab.data import ImageData
from keras_norms.lab.stability.mean_field import eigenvalue_bound
from keras_norms.lab.training import Run

HE = 2.0  # variance of He et al.'s weights, times their fan-in


def maximal_learning_rate(lambda_max: float, momentum: float = 0.0) -> float:
    """`2 (1 + momentum) / lambda_max`: above it heavy-ball descent leaves a quadratic's minimum.

    For full batches, near a minimum, of a loss whose Hessian keeps its largest eigenvalue
    `lambda_max`; infinite where that is zero. Everything else is an extrapolation.

    Reference: Wei, Stokes & Schwab 2019, arXiv 1903.02606.
    """
    return 2 * (1 + momentum) / lambda_max if lambda_max else math.inf


def mean_field_eigenvalue(run: Run, data: ImageData, examples: int) -> float | None:
    """The recursion's eigenvalue for a run's network and its first training examples.

    None where the recursion does not apply: it knows fully connected rectified networks without a
    normalizer and with batch normalization.
    """
    normalizer = run.normalizer.partition(":")[0]
    if run.model != "mlp" or run.activation != "relu" or normalizer not in ("none", "batch"):
        return None
    x = data.x_train[:examples].reshape(examples, -1).astype(np.float64)
    gram = x @ x.T / x.shape[1]
    bound = eigenvalue_bound(
        [x.shape[1], *[run.width] * run.depth],
        [*[HE] * run.depth, 2 * run.width / (run.width + data.classes)],  # Glorot's in the head
        q=float(np.trace(gram)) / examples,
        q_xy=float(gram.sum() - np.trace(gram)) / (examples * (examples - 1)),
        gamma=1.0 if normalizer == "batch" else None,
    )
    return bound / data.classes
