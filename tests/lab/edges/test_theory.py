"""The predicted learning rate against descent on a quadratic; the recursion for lab networks."""

from __future__ import annotations

import math

import keras
import numpy as np
import pytest

from keras_norms.lab.edges.mean_field import eigenvalue_bound
from keras_norms.lab.edges.theory import Inputs, maximal_learning_rate, mean_field_eigenvalue
from tests.lab.training.small import small_data, small_run


@pytest.mark.full
@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_keras_sgd_on_a_quadratic_diverges_just_above_it(momentum):
    curvature = 3.0
    edge = maximal_learning_rate(curvature, momentum)
    ends = []
    for rate in (0.97 * edge, 1.03 * edge):
        optimizer = keras.optimizers.SGD(rate, momentum=momentum)
        w = keras.Variable(1.0)
        for _ in range(600):
            optimizer.apply([keras.ops.multiply(w.value, curvature)], [w])
        ends.append(abs(float(keras.ops.convert_to_numpy(w))))
    assert ends[0] < 0.1
    assert not ends[1] < 10


@pytest.mark.once
def test_no_curvature_has_no_limit():
    assert maximal_learning_rate(0.0) == math.inf
    assert math.isnan(maximal_learning_rate(math.nan))


@pytest.mark.once
def test_moments_of_the_inputs_are_over_pairs():
    data = small_data()
    found = Inputs.of(data, 5)
    x = data.x_train[:5].reshape(5, -1)
    pairs = [np.mean(x[i] * x[j]) for i in range(5) for j in range(5) if i != j]
    np.testing.assert_allclose(found.q_xy, np.mean(pairs), rtol=1e-5)
    np.testing.assert_allclose(found.q, np.mean(x * x), rtol=1e-5)
    assert (found.size, found.classes) == (9, 3)


@pytest.mark.once
def test_the_recursion_of_a_run():
    inputs = Inputs(size=9, classes=3, q=1.0, q_xy=0.2)
    plain, normalized = (small_run(normalizer=spec) for spec in ("none", "batch:momentum=0.9"))
    fan_in, variances = [9, 6, 6], [2.0, 2.0, 2 * 6 / (6 + 3)]
    expected = eigenvalue_bound(fan_in, variances, q_xy=0.2) / 3
    assert mean_field_eigenvalue(plain, inputs) == pytest.approx(expected)
    expected = eigenvalue_bound(fan_in, variances, q_xy=0.2, gamma=1.0) / 3
    assert mean_field_eigenvalue(normalized, inputs) == pytest.approx(expected)


@pytest.mark.once
@pytest.mark.parametrize(
    "fields",
    [{"normalizer": "layer"}, {"normalizer": "ws+batch"}, {"activation": "tanh"},
     {"model": "resnet", "depth": 8}],
)  # fmt: skip
def test_where_the_recursion_does_not_apply(fields):
    inputs = Inputs(size=9, classes=3, q=1.0, q_xy=0.2)
    assert mean_field_eigenvalue(small_run(**fields), inputs) is None
