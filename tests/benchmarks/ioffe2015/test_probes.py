"""What the probes see, against NumPy."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import keras_norms
from benchmarks.ioffe2015.probes import class_probabilities, input_percentiles, kernel_norm
from keras_norms.lab.models import MODELS
from tests.lab.training.small import CLASSES, small_data


@pytest.fixture(scope="module")
def network() -> keras.Model:
    scheme = keras_norms.get("none")
    return MODELS["mlp_small"](
        scheme, depth=2, width=6, input_shape=(3, 3, 1), classes=CLASSES, activation="sigmoid"
    )


def forward(model: keras.Model, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Inputs of the last sigmoids, and logits."""
    values = [w.astype(float) for w in model.get_weights()]
    kernels, biases = values[::2], values[1::2]
    first = 1 / (1 + np.exp(-(x.reshape(len(x), -1) @ kernels[0] + biases[0])))
    last = first @ kernels[1] + biases[1]
    return last, 1 / (1 + np.exp(-last)) @ kernels[2] + biases[2]


def test_percentiles_of_the_inputs_of_the_last_sigmoids(network):
    data = small_data()
    found = input_percentiles(network, data)
    inputs, _ = forward(network, data.x_test)
    for percentile in (15, 50, 85):
        wanted = np.percentile(inputs, percentile, axis=0)
        np.testing.assert_allclose(found[f"p{percentile}"], wanted, atol=1e-4)


def test_probabilities_of_the_classes(network):
    data = small_data()
    found = class_probabilities(network, data)
    _, logits = forward(network, data.x_test)
    odds = np.exp(logits)
    np.testing.assert_allclose(
        found["probabilities"], odds / odds.sum(axis=1, keepdims=True), atol=1e-6
    )
    assert found["labels"] == data.y_test.tolist()


def test_the_norm_leaves_the_head_out(network):
    first, _, second, *_ = network.get_weights()
    wanted = np.sqrt((first**2).sum() + (second**2).sum())
    assert kernel_norm(network, small_data())["norm"] == pytest.approx(wanted, rel=1e-6)


def test_small_gaussian_kernels_are_small_and_differ():
    model = MODELS["mlp_small"](
        keras_norms.get("none"), depth=3, width=200, input_shape=(8, 8, 1), classes=10
    )
    second, third = (model.get_weights()[k] for k in (2, 4))
    assert second.std() == pytest.approx(0.05, rel=0.02)
    assert abs(np.corrcoef(second.ravel(), third.ravel())[0, 1]) < 0.05
