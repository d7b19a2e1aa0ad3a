"""Root mean square normalization in float64, from Zhang & Sennrich 2019 (arXiv:1910.07467)."""

from __future__ import annotations

import numpy as np

from tests.oracles.arrays import Axis, along, average, positions


def rms(x, gain=1.0, beta=0.0, *, axis: Axis = -1, epsilon=1e-6, mask=None) -> np.ndarray:
    """Equation 4: a_i / RMS(a) g_i, with epsilon under the root as Keras has it.

    beta is what the other oracles have too; the paper's layer has none.
    """
    power = average(
        x**2 if mask is None else np.where(mask, x, 0.0) ** 2, positions(axis, x.ndim), mask
    )
    return along(gain, x, axis) * x / np.sqrt(power + epsilon) + along(beta, x, axis)
