"""VarianceNormalization: the suite, its distance from batch normalization, its memory."""

from __future__ import annotations

import numpy as np
import pytest

from keras_norms.layers.variance import VarianceNormalization
from tests.conformance.case import SHAPE, draw, relative
from tests.gradients import MODES, array, program, randomize, state
from tests.oracles.batch import batch, moving, statistics
from tests.oracles.variance import inference, variance
from tests.suite import Case, NormalizerSuite


class TestVarianceNormalization(NormalizerSuite):
    case = Case(
        layer=VarianceNormalization,
        oracle=variance,
        examples=(
            ({}, (5, 4)),
            ({"epsilon": 0.1}, (3, 5, 4)),
            ({}, (2, 3, 2, 4)),
            ({"axis": 1}, (3, 4, 2, 2)),
            ({"axis": [1, -1]}, (3, 2, 3, 4)),
            ({}, (2, 2, 2, 2, 3)),
        ),
        settings={"epsilon": 1.0},  # constants of 3e4 over a small deviation overflow float16
        refusals=(
            ({"momentum": 1.5}, "momentum 1.5"),
            ({"moving_mean_initializer": "ones"}, "moving_mean_initializer"),
        ),
        batch_dependent=True,
        centred=False,
        several_axes=True,
    )


@pytest.mark.parametrize("mode", MODES)
def test_it_is_batch_normalization_plus_the_mean(mode):
    x, layer = draw(SHAPE, mean=3.0), VarianceNormalization()
    layer.build(SHAPE)
    gamma, beta = randomize(layer).values()
    got = program(layer, mode, training=True)(x, None).output
    mean, squared, _ = statistics(x.astype("float64"))
    wanted = batch(x.astype("float64"), gamma, beta) + gamma * mean / np.sqrt(squared + 1e-3)
    np.testing.assert_allclose(got, wanted, atol=2e-5)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("unbiased", [False, True])
def test_it_remembers_the_variance_alone(mode, unbiased):
    batches = [draw(SHAPE, seed, mean=1e4) for seed in range(3)]
    layer = VarianceNormalization(momentum=0.7, unbiased=unbiased)
    layer.build(SHAPE)
    step = program(layer, mode, training=True)
    for x in batches:
        step(x, None)
    factor = 30 / 29 if unbiased else 1
    squared = [statistics(x.astype("float64"))[1] * factor for x in batches]
    assert set(state(layer)) == {"moving_variance"}
    wanted = moving(squared, 0.7, 1.0)
    np.testing.assert_allclose(state(layer)["moving_variance"], wanted, rtol=2e-5)
    got = program(layer, mode, training=False)(batches[0], None).output
    assert relative(got, inference(batches[0].astype("float64"), 1.0, 0.0, wanted)) <= 2e-5


def test_the_arithmetic_mean_of_all_variances():
    batches = [draw(SHAPE, seed) for seed in range(3)]
    layer = VarianceNormalization(momentum=None)
    for x in batches:
        layer(x, training=True)
    wanted = np.mean([statistics(x.astype("float64"))[1] for x in batches], axis=0)
    np.testing.assert_allclose(array(layer.moving_variance.value), wanted, rtol=1e-5)
