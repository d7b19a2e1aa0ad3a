"""What the probes see, against NumPy."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from benchmarks.ioffe2015.probes import class_probabilities, input_percentiles, kernel_norm
from keras_norms import schemes
from keras_norms.lab.models.mlp import mlp
from tests.lab.training.small import CLASSES, small_data


@pytest.fixture(scope="module")
def network() -> keras.Model:
    options = {"deviation": 0.05, "activation": "sigmoid"}
    sizes = {"depth": 2, "width": 6, "input_shape": (3, 3, 1), "classes": CLASSES}
    return mlp(schemes.get("none"), **sizes, **options)


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
    odds = np.exp(forward(network, data.x_test)[1])
    wanted = odds / odds.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found["probabilities"], wanted, atol=1e-5)
    assert found["labels"] == data.y_test.tolist()


def test_the_norm_leaves_the_head_out(network):
    first, _, second, *_ = network.get_weights()
    wanted = np.sqrt((first**2).sum() + (second**2).sum())
    assert kernel_norm(network, small_data())["norm"] == pytest.approx(wanted, rel=1e-6)
