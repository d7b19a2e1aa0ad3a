"""Internal covariate shift against gradients of a linear network, written out in NumPy float64."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from keras_norms.probes.covariate_shift import covariate_shift
from keras_norms.probes.network import Network
from tests.probes.small_networks import values

STEP = 0.3


def gradients(w: list[np.ndarray], x: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
    """Of the mean cross-entropy of `x w0 w1 w2`."""
    h = [x, x @ w[0], x @ w[0] @ w[1]]
    odds = np.exp(h[2] @ w[2])
    slope = (odds / odds.sum(axis=1, keepdims=True) - np.eye(w[2].shape[1])[y]) / len(y)
    slopes = [slope @ w[2].T @ w[1].T, slope @ w[2].T, slope]
    return [entering.T @ s for entering, s in zip(h, slopes, strict=True)]


def test_the_shift_of_every_layer():
    draw = np.random.default_rng(0)
    x, y = draw.normal(size=(9, 5)).astype(np.float32), draw.integers(0, 3, 9, np.int32)
    inputs = keras.Input((5,))
    layers = [keras.layers.Dense(units, use_bias=False) for units in (4, 6, 3)]
    model = keras.Model(inputs, layers[2](layers[1](layers[0](inputs))))
    before = values(model)
    kernels = [layer.kernel for layer in layers]
    found = covariate_shift(Network(model), x, y, kernels, STEP)
    w = [each.astype(float) for each in before]
    own = gradients(w, x, y)
    for k, row in enumerate(found):
        moved = [v - STEP * g if place < k else v
                 for place, (v, g) in enumerate(zip(w, own, strict=True))]  # fmt: skip
        there = gradients(moved, x, y)[k]
        cosine = (own[k] * there).sum() / np.linalg.norm(own[k]) / np.linalg.norm(there)
        assert row["gradient"] == pytest.approx(np.linalg.norm(own[k]), rel=1e-4)
        assert row["shift"] == pytest.approx(np.linalg.norm(own[k] - there), rel=1e-3, abs=1e-7)
        assert row["cosine"] == pytest.approx(cosine, abs=1e-5)
    assert found[0]["shift"] == 0 < found[1]["shift"]
    assert covariate_shift(Network(model), x, y, kernels[:1], 0.0) == [found[0]]
    for value, was in zip(values(model), before, strict=True):
        np.testing.assert_array_equal(value, was)
    model.set_weights([0 * each for each in before])
    still = covariate_shift(Network(model), x, y, kernels[:1], STEP)
    assert still == [{"gradient": 0.0, "shift": 0.0, "cosine": 1.0}]
