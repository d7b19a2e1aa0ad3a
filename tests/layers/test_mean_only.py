"""MeanOnlyBatchNormalization: the suite, the paper's gradient, its memory, what it refuses."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from keras_norms.layers.mean_only import MeanOnlyBatchNormalization
from tests.conformance.case import SHAPE, draw, relative
from tests.gradients import MODES, array, program, randomize, state
from tests.oracles.batch import moving, statistics
from tests.oracles.mean_only import gradient, mean_only
from tests.suite import Case, NormalizerSuite


class TestMeanOnlyBatchNormalization(NormalizerSuite):
    case = Case(
        layer=MeanOnlyBatchNormalization,
        oracle=mean_only,
        examples=(
            ({}, (5, 4)),
            ({"center": True}, (3, 5, 4)),
            ({}, (2, 3, 2, 4)),
            ({"axis": 1}, (3, 4, 2, 2)),
            ({"axis": [1, -1]}, (3, 2, 3, 4)),
            ({}, (2, 2, 2, 2, 3)),
        ),
        refusals=(
            ({"momentum": 1.5}, "momentum 1.5"),
            ({"epsilon": 1e-3}, "epsilon"),
            ({"scale": True}, "scale"),
            ({"unbiased": True}, "unbiased"),
            ({"moving_variance_initializer": "ones"}, "moving_variance_initializer"),
            ({"gamma_initializer": "zeros"}, "gamma_initializer"),
        ),
        batch_dependent=True,
        affine=False,
        several_axes=True,
    )

    @pytest.mark.full
    def test_second_derivatives(self):
        """The layer is linear: its gradient is that of any other input."""
        step = program(self.case.make(), training=True)
        dy = draw(SHAPE, 2)
        np.testing.assert_array_equal(
            step(draw(SHAPE, 1), dy).inputs, step(draw(SHAPE, 3), dy).inputs
        )


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", [(130, 2, 3, 4), (257, 5)])
def test_the_gradient_of_section_4(shape, mode):
    x, dy = draw(shape, 1, mean=1e4), draw(shape, 2)
    layer = MeanOnlyBatchNormalization()
    layer.build(shape)
    randomize(layer)
    got = program(layer, mode, training=True)(x, dy)
    assert relative(got.inputs, gradient(dy.astype("float64"))) <= 2e-6
    over = tuple(range(len(shape) - 1))
    np.testing.assert_allclose(got.weights["beta"], dy.astype("float64").sum(over), rtol=1e-5)


@pytest.mark.parametrize("mode", MODES)
def test_it_remembers_the_mean_alone(mode):
    batches = [draw(SHAPE, seed, mean=1e4) for seed in range(3)]
    layer = MeanOnlyBatchNormalization(momentum=0.7)
    layer.build(SHAPE)
    step = program(layer, mode, training=True)
    for x in batches:
        step(x, None)
    wanted = moving([statistics(x.astype("float64"))[0] for x in batches], 0.7, 0.0)
    assert set(state(layer)) == {"moving_mean"}
    np.testing.assert_allclose(state(layer)["moving_mean"], wanted, rtol=1e-6)
    kept = state(layer)["moving_mean"].astype("float64")
    got = program(layer, mode, training=False)(batches[0], None).output
    assert relative(got, batches[0] - kept) <= 2e-6


@pytest.mark.parametrize("mode", MODES)
def test_one_value_a_channel_is_its_own_mean(mode):
    layer = MeanOnlyBatchNormalization(momentum=0.0)
    layer.build((1, 4))
    beta, x = randomize(layer)["beta"], draw((1, 4))
    got = program(layer, mode, training=True)(x, draw((1, 4), 2))
    np.testing.assert_array_equal(got.output[0], beta.astype("float32"))
    np.testing.assert_array_equal(got.inputs, np.zeros((1, 4)))
    np.testing.assert_allclose(got.state["moving_mean"], x[0], rtol=1e-6)


def test_options_of_beta():
    layer = MeanOnlyBatchNormalization(
        beta_initializer=keras.initializers.Constant(-3.0), beta_regularizer="l1"
    )
    layer = MeanOnlyBatchNormalization.from_config(layer.get_config())
    layer.build(SHAPE)
    np.testing.assert_array_equal(array(layer.beta.value), np.full(4, -3.0))
    assert float(array(sum(layer.losses))) == pytest.approx(0.01 * 4 * 3.0)
    bare = MeanOnlyBatchNormalization(center=False)
    np.testing.assert_allclose(
        array(bare(draw(SHAPE), training=True)),
        mean_only(draw(SHAPE).astype("float64")),
        atol=2e-6,
    )
    assert bare.trainable_variables == []
