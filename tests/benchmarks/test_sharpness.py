"""Full-batch descent and its sharpness against differences, and step by step."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks import sharpness
from benchmarks.random_mlp import RandomMlp
from keras_norms.lab.job import Bench
from tests.benchmarks.test_recent_formulas import differences

pytestmark = pytest.mark.once


def small(batch: bool, head: bool = True) -> sharpness.Descent:
    draw = np.random.default_rng(1)
    network = RandomMlp([3, 4, 2], draw, batch=batch, activation="tanh", sigma_w2=1.0)
    return sharpness.Descent(network, draw.normal(size=(8, 3)), draw.normal(size=(8, 2)), head)


@pytest.mark.parametrize("head", [True, False])
@pytest.mark.parametrize("batch", [True, False])
def test_the_gradient_and_the_sharpness_of_a_small_network(batch, head):
    descent = small(batch, head)
    weights = descent.weights()
    assert len(weights) == 12 + 8 * head
    slopes = differences(lambda w: descent.at(w)[0], weights)
    np.testing.assert_allclose(descent.at(weights)[1], slopes, atol=1e-8)
    rows = []
    for k in range(len(weights)):
        step = 1e-4 * np.eye(len(weights))[k]
        there = (differences(lambda w: descent.at(w)[0], weights + s * step, 1e-5) for s in (1, -1))
        rows.append((next(there) - next(there)) / 2e-4)
    largest = np.linalg.eigvalsh((np.array(rows) + np.array(rows).T) / 2)[-1]
    assert descent.sharpness(weights) == pytest.approx(largest, rel=5e-3)


def test_a_trajectory_is_descent_with_decay():
    descent = small(False)
    weights = descent.weights()
    found = sharpness.trajectory(descent, 0.1, 2, 1, decay=0.5)
    for look in range(3):
        assert found["norm"][look] == pytest.approx(np.linalg.norm(weights))
        loss, gradient = descent.at(weights)
        assert found["loss"][look] == pytest.approx(loss)
        weights = weights - 0.1 * (gradient + 0.5 * weights)
    assert found["step"] == [0, 1, 2]
    assert found["rises"] == [0, 0, 0]
    assert not found["diverged"]
    wild = sharpness.trajectory(small(False), 100.0, 60, 60)
    assert wild["diverged"]
    assert wild["step"] == [0]


def test_descent_on_digits():
    found = sharpness.descend(1, 8, 40, True, False, 0.1, 0.0, 20, 10, Bench(), seed=0)
    assert found["loss"][-1] < found["loss"][0]
    assert found["norm"][-1] > found["norm"][0]  # what is scale-invariant grows without decay


def test_a_descent_that_diverges_keeps_no_sharpness():
    found = {"sharpness": [9.0, 4.0, 4.0], "diverged": False}
    assert sharpness.late(found, 0.5) == 1.0
    assert sharpness.late({**found, "diverged": True}, 0.5) == math.inf
