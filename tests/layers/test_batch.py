"""BatchNormalization: the suite, Keras's own layer, the paper's gradient and its refusals."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest

from keras_norms.layers import BatchNormalization
from tests.conformance.case import SHAPE, draw, relative
from tests.conformance.likeness import Likeness
from tests.gradients import EVERY_MODE, MODES, array, program, randomize, state
from tests.oracles.arrays import along
from tests.oracles.batch import batch, gradient, inference, statistics
from tests.suite import Case, NormalizerSuite


class TestBatchNormalization(NormalizerSuite, Likeness):
    twin = keras.layers.BatchNormalization
    case = Case(
        layer=BatchNormalization,
        oracle=batch,
        examples=(
            ({}, (5, 4)),
            ({"epsilon": 0.1}, (3, 5, 4)),
            ({"epsilon": 1e-8}, (2, 3, 2, 4)),
            ({"axis": 1}, (3, 4, 2, 2)),
            ({"axis": [1, -1]}, (3, 2, 3, 4)),
            ({"axis": [3, 2]}, (3, 2, 3, 4)),
            ({}, (2, 2, 2, 2, 3)),
        ),
        refusals=(
            ({"momentum": -0.1}, "momentum -0.1"),
            ({"momentum": 1.5}, "momentum 1.5"),
            ({"momentum": "slow"}, "momentum slow"),
            ({"renorm": True, "renorm_clipping": {"max": 1.0}}, "renorm_clipping max"),
            ({"renorm": True, "renorm_clipping": {"rmax": 1.0, "rmin": 2.0}}, "rmax rmin 1.0 2.0"),
            ({"renorm": True, "renorm_clipping": {"dmax": -1.0}}, "dmax -1.0"),
            ({"renorm": True, "renorm_clipping": {"dmax": "far"}}, "dmax far"),
        ),
        batch_dependent=True,
        several_axes=True,
    )

    def test_keras_with_a_mask(self):
        mask = np.arange(5) < np.array([5, 3, 2, 4, 1, 3])[:, None]
        theirs, ours = self.pair()
        ours.set_weights(theirs.get_weights())
        wanted = array(theirs(draw(SHAPE), training=True, mask=keras.ops.convert_to_tensor(mask)))
        got = array(ours(draw(SHAPE), training=True, mask=mask))
        np.testing.assert_allclose(got[mask], wanted[mask], atol=1e-5)
        for name, value in state(theirs).items():
            np.testing.assert_allclose(state(ours)[name], value, atol=1e-5)


BOUNDS = {"rmax": 1.1, "rmin": 0.9, "dmax": 0.2}


class TestRenormAsKerasHasIt(Likeness):
    """With Keras's meaning, weights and files."""

    twin = keras.layers.BatchNormalization
    case = replace(
        TestBatchNormalization.case,
        settings={"renorm": True, "renorm_clipping": BOUNDS, "renorm_momentum": 0.7},
    )

    @pytest.mark.parametrize("clipping", [None, {}, BOUNDS, {"dmax": 0.1}, {"rmin": 1.2}])
    @pytest.mark.parametrize("masked", [False, True])
    def test_every_step_is_that_of_keras(self, clipping, masked):
        settings = {"renorm": True, "renorm_clipping": clipping, "renorm_momentum": 0.7}
        layers = [kind(momentum=0.8, **settings) for kind in (self.twin, self.case.layer)]
        mask = np.arange(5) < np.array([5, 3, 2, 4, 1, 3])[:, None] if masked else np.ones((6, 5))
        mask = mask.astype(bool)
        for layer in layers:
            layer.build(SHAPE)
            randomize(layer)
        for step in range(4):
            x = draw(SHAPE, step, mean=1.0 + step)
            theirs, ours = (
                array(layer(x, training=True, mask=keras.ops.convert_to_tensor(mask)))
                for layer in layers
            )
            np.testing.assert_allclose(ours[mask], theirs[mask], atol=2e-5, err_msg=str(step))
        for one, other in zip(*(layer.variables for layer in layers), strict=True):
            assert one.name == other.name
            np.testing.assert_allclose(array(one.value), array(other.value), atol=2e-5)


@pytest.mark.parametrize("mode", EVERY_MODE)
@pytest.mark.parametrize("shape", [(130, 2, 3, 4), (2, 9, 70, 3), (257, 5)])
def test_the_gradient_of_section_3(shape, mode):
    """Long axes, so that only a part of the values is sampled for the shift."""
    x, dy = draw(shape, 1, mean=1e4), draw(shape, 2)
    layer = BatchNormalization()
    layer.build(shape)
    weights = randomize(layer)
    got = program(layer, mode, training=True)(x, dy)
    dx, dgamma, dbeta = gradient(x.astype("float64"), weights["gamma"], dy.astype("float64"))
    assert relative(got.inputs, dx) <= 2e-5
    assert relative(got.weights["gamma"], dgamma) <= 2e-5
    assert relative(got.weights["beta"], dbeta) <= 2e-5


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("at", [0, 64, 19999])
def test_one_outlier_among_many(at, mode):
    """A shift taken from the outlier alone would cancel all but three digits of the variance."""
    x = draw((20000, 2))
    x[at] += 1e6
    layer = BatchNormalization()
    got = program(layer, mode, training=True)(x, None).output
    assert relative(got, batch(x.astype("float64"))) <= 1e-4


@pytest.mark.parametrize("mode", EVERY_MODE)
@pytest.mark.parametrize("masked", [False, True])
def test_statistics_as_constants(mode, masked):
    """Without the statistics' gradient dx is dy times gamma over the deviation, and that is all."""
    x, mask = draw(SHAPE), None
    if masked:
        mask = np.arange(5) < np.array([5, 3, 2, 4, 1, 3])[:, None]
    seen = np.ones(SHAPE, bool) if mask is None else np.broadcast_to(mask[..., None], SHAPE)
    dy = np.where(seen, draw(SHAPE, 2), np.float32(0))
    layer = BatchNormalization(statistics_gradient=False)
    layer.build(SHAPE)
    weights = randomize(layer)
    got = program(layer, mode, training=True)(x, dy, mask)
    truth = x.astype("float64")
    mean, variance, _ = (along(s, truth, -1) for s in statistics(truth, mask=seen))
    np.testing.assert_allclose(
        got.inputs, dy * weights["gamma"] / np.sqrt(variance + 1e-3), atol=1e-5
    )
    normalized = (truth - mean) / np.sqrt(variance + 1e-3)
    np.testing.assert_allclose(got.weights["gamma"], (dy * normalized).sum((0, 1)), atol=5e-5)
    np.testing.assert_allclose(got.weights["beta"], dy.sum((0, 1)), atol=5e-5)
    wanted = batch(truth, weights["gamma"], weights["beta"], mask=seen)
    np.testing.assert_allclose(got.output[seen], wanted[seen], atol=2e-5)


@pytest.mark.parametrize("mode", EVERY_MODE)
def test_inference_at_a_large_mean(mode):
    x = draw((64, 4), mean=1e4)
    layer = BatchNormalization(momentum=0.0)
    layer(x, training=True)
    randomize(layer)
    weights = {v.name: array(v.value).astype("float64") for v in layer.variables}
    got = program(layer, mode, training=False)(x, None)
    mean, variance = weights["moving_mean"], weights["moving_variance"]
    wanted = inference(x.astype("float64"), weights["gamma"], weights["beta"], mean, variance)
    assert relative(got.output, wanted) <= 2e-5
    slope = weights["gamma"] / np.sqrt(variance + 1e-3)
    np.testing.assert_allclose(got.inputs, np.broadcast_to(slope, x.shape), rtol=2e-5)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("unbiased", [False, True])
def test_one_value_a_channel_in_a_graph_changes_nothing(mode, unbiased):
    layer = BatchNormalization(unbiased=unbiased)
    layer.build((None, 4))
    before, weights = state(layer), randomize(layer)
    got = program(layer, mode, training=True)(draw((1, 4)), draw((1, 4), 2))
    np.testing.assert_array_equal(got.output[0], weights["beta"].astype("float32"))
    np.testing.assert_allclose(got.inputs, np.zeros((1, 4)), atol=2e-5)  # 1e-6 of its terms
    np.testing.assert_equal(got.state, before)


@pytest.mark.parametrize("mode", MODES)
def test_one_visible_value_changes_nothing(mode):
    """The values of a mask are unknown when a graph is traced, so that no mode may raise."""
    mask = np.arange(6) == 2
    layer = BatchNormalization(unbiased=True)
    layer.build((6, 4))
    before, weights = state(layer), randomize(layer)
    got = program(layer, mode, training=True)(draw((6, 4)), None, mask)
    np.testing.assert_array_equal(got.output[2], weights["beta"].astype("float32"))
    np.testing.assert_equal(got.state, before)


@pytest.mark.full
def test_a_last_batch_of_one():
    """Nine samples in batches of eight: the averages are those of the eight, on any backend."""
    x = draw((9, 4))
    model = keras.Sequential([keras.Input((4,)), BatchNormalization(), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(x, x[:, :1], batch_size=8, shuffle=False, verbose=0)
    mean, variance, _ = statistics(x[:8].astype("float64"))
    got = state(model.layers[0])
    np.testing.assert_allclose(got["moving_mean"], 0.01 * mean, atol=1e-6)
    np.testing.assert_allclose(got["moving_variance"], 0.99 + 0.01 * variance, atol=1e-6)


def test_stateless_call_leaves_nothing_behind():
    """It has no caller; a later call must not take its training flag for its own."""
    layer, x = BatchNormalization(), draw(SHAPE, mean=5.0)
    layer.build(SHAPE)
    weights = [v.value for v in layer.trainable_variables]
    memory = [v.value for v in layer.non_trainable_variables]
    layer.stateless_call(weights, memory, keras.ops.convert_to_tensor(x), training=True)
    other = BatchNormalization()
    other(x, training=True)
    before = state(other)
    np.testing.assert_array_equal(array(other(x)), array(other(x, training=False)))
    np.testing.assert_equal(state(other), before)
