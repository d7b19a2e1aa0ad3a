"""Ba, Kiros & Hinton 2016, Table 1: under which changes of weights and data the output stays."""

from __future__ import annotations

import numpy as np
import pytest

from keras_norms.layers import BatchNormalization, LayerNormalization
from keras_norms.weights import WeightNormalization
from tests.analytic.chain import Chain, Linear
from tests.gradients import MODES, double, program

RNG = np.random.default_rng(0)
CASES, KERNEL = RNG.normal(0.5, 1.0, (12, 5)), RNG.normal(0.2, 1.0, (5, 4))
VECTOR = RNG.normal(1.0, 1.0, 5)
FIRST_CASE, FIRST_UNIT = np.eye(12)[:, :1], np.eye(4)[0]

# What becomes of cases x and weights w, where each column of w is the vector of one unit.
CHANGES = {
    "weights rescaled": lambda x, w: (x, 3 * w),
    "weights recentred": lambda x, w: (x, w + VECTOR[:, None]),
    "one weight vector rescaled": lambda x, w: (x, w * (1 + 2 * FIRST_UNIT)),
    "data rescaled": lambda x, w: (3 * x, w),
    "data recentred": lambda x, w: (x + VECTOR, w),
    "one case rescaled": lambda x, w: (x * (1 + 2 * FIRST_CASE), w),
}
TABLE = {
    "batch": (True, False, True, True, True, False),
    "weight": (True, False, True, False, False, False),
    "layer": (True, True, False, True, False, True),
}


def network(kind):
    linear = Linear(4, dtype="float64")
    if kind == "weight":
        return linear, Chain(WeightNormalization(linear))
    normalizer = {"batch": BatchNormalization, "layer": LayerNormalization}[kind]
    return linear, Chain(linear, normalizer(epsilon=1e-12, dtype="float64"))


def verdict(change):
    """Whether it is an invariance; a change that is neither none nor clear stays a number."""
    return True if change < 1e-6 else False if change > 1e-2 else change


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", TABLE)
def test_ba16_invariance(kind, mode):
    with double():
        linear, layer = network(kind)
        layer.build(CASES.shape)
        step = program(layer, mode, training=True)

        def output(x, w):
            linear.kernel.assign(w)
            return step(x, np.ones((12, 4))).output

        plain = output(CASES, KERNEL)
        changes = {
            name: np.abs(output(*change(CASES, KERNEL)) - plain).max() / np.abs(plain).max()
            for name, change in CHANGES.items()
        }
    found = {name: verdict(change) for name, change in changes.items()}
    assert found == dict(zip(CHANGES, TABLE[kind], strict=True))
