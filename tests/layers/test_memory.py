"""What batch normalization remembers: exponential, cumulative, unbiased, masked."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from keras_norms.layers import BatchNormalization
from tests.conformance.case import SHAPE, draw
from tests.gradients import MODES, SWIFT, array, program, state
from tests.oracles.batch import inference, moving, statistics

BATCHES = [draw(SHAPE, seed, mean=seed) for seed in range(4)]
LENGTHS = np.arange(5) < np.array([5, 3, 2, 4, 1, 3])[:, None]


def truth(batches, mask=None, unbiased=False):
    """The batches' means and variances, in float64."""
    means, variances = [], []
    for x in batches:
        mean, variance, count = statistics(x.astype("float64"), mask=mask)
        means.append(mean)
        variances.append(variance * count / (count - 1) if unbiased else variance)
    return means, variances


def after(layer, batches, mode=SWIFT, mask=None):
    step = program(layer, mode, training=True)
    for x in batches:
        step(x, None, mask)
    return state(layer)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("unbiased", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_exponential(mode, unbiased, masked):
    mask = LENGTHS if masked else None
    got = after(BatchNormalization(momentum=0.7, unbiased=unbiased), BATCHES, mode, mask)
    seen = None if mask is None else np.broadcast_to(mask[..., None], SHAPE)
    means, variances = truth(BATCHES, seen, unbiased)
    np.testing.assert_allclose(got["moving_mean"], moving(means, 0.7, 0.0), atol=1e-5)
    np.testing.assert_allclose(got["moving_variance"], moving(variances, 0.7, 1.0), atol=1e-5)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("unbiased", [False, True])
def test_cumulative_is_the_arithmetic_mean(mode, unbiased):
    layer = BatchNormalization(momentum=None, unbiased=unbiased)
    got = after(layer, BATCHES, mode)
    means, variances = truth(BATCHES, unbiased=unbiased)
    np.testing.assert_allclose(got["moving_mean"], np.mean(means, 0), atol=1e-5)
    np.testing.assert_allclose(got["moving_variance"], np.mean(variances, 0), atol=1e-5)
    wanted = inference(BATCHES[0], 1.0, 0.0, np.mean(means, 0), np.mean(variances, 0))
    np.testing.assert_allclose(array(layer(BATCHES[0])), wanted, atol=1e-5)


def test_the_count_stands_behind_the_weights_of_keras(tmp_path):
    layer = BatchNormalization(momentum=None)
    model = keras.Sequential([keras.Input(SHAPE[1:]), layer])
    after(layer, BATCHES[:2])
    names = ["gamma", "beta", "moving_mean", "moving_variance", "count"]
    assert [v.name for v in layer.weights] == names
    assert not layer.weights[4].trainable
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras").layers[0]
    got = after(loaded, BATCHES[2:])
    means, variances = truth(BATCHES)
    np.testing.assert_allclose(got["moving_mean"], np.mean(means, 0), atol=1e-5)
    np.testing.assert_allclose(got["moving_variance"], np.mean(variances, 0), atol=1e-5)


@pytest.mark.parametrize("momentum", [0.9, None])
@pytest.mark.parametrize("mode", MODES)
def test_hidden_batches_and_channels_leave_no_trace(momentum, mode):
    """A channel that is hidden from a whole batch keeps its statistics, and only that one."""
    layer = BatchNormalization(momentum=momentum)
    before = after(layer, BATCHES[:2])
    after(layer, BATCHES[2:3], mode, np.zeros(SHAPE[:2], bool))
    np.testing.assert_equal(state(layer), before)
    mask = np.broadcast_to(np.array([True, False, True, True]), (1, 1, 4))
    got = after(layer, BATCHES[2:3], mode, mask)
    for name in ("moving_mean", "moving_variance"):
        assert (got[name] != before[name]).tolist() == [True, False, True, True]
    if momentum is None:
        means, _ = truth(BATCHES[:3])
        kept = [0, 2, 3]
        np.testing.assert_allclose(got["moving_mean"][kept], np.mean(means, 0)[kept], atol=1e-5)


@pytest.mark.parametrize(("momentum", "kept"), [(0.0, "last"), (1.0, "first")])
def test_the_ends_of_momentum(momentum, kept):
    got = after(BatchNormalization(momentum=momentum), BATCHES)
    means, variances = truth(BATCHES)
    wanted = (means[-1], variances[-1]) if kept == "last" else (np.zeros(4), np.ones(4))
    np.testing.assert_allclose(got["moving_mean"], wanted[0], atol=1e-5)
    np.testing.assert_allclose(got["moving_variance"], wanted[1], atol=1e-5)


def test_its_initializers():
    layer = BatchNormalization(moving_mean_initializer="ones", moving_variance_initializer="zeros")
    layer = BatchNormalization.from_config(layer.get_config())
    layer.build(SHAPE)
    got = state(layer)
    np.testing.assert_array_equal(got["moving_mean"], np.ones(4))
    np.testing.assert_array_equal(got["moving_variance"], np.zeros(4))


@pytest.mark.parametrize("mode", MODES)
def test_a_large_mean_is_remembered(mode):
    batches = [draw((64, 4), seed, mean=1e4) for seed in range(3)]
    got = after(BatchNormalization(momentum=0.5), batches, mode)
    means, variances = truth(batches)
    np.testing.assert_allclose(got["moving_mean"], moving(means, 0.5, 0.0), rtol=1e-6)
    np.testing.assert_allclose(got["moving_variance"], moving(variances, 0.5, 1.0), rtol=2e-5)


def test_inference_remembers_nothing():
    layer = BatchNormalization()
    layer.build(SHAPE)
    before = state(layer)
    layer(BATCHES[3], training=False)
    layer(BATCHES[3])
    np.testing.assert_equal(state(layer), before)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_counts_many_values(dtype):
    """More values a channel than float16 has numbers for."""
    layer = BatchNormalization(unbiased=True, momentum=0.0, dtype=dtype)
    x = draw((70000, 2), mean=0.0)
    layer(keras.ops.cast(x, dtype), training=True)
    np.testing.assert_allclose(state(layer)["moving_variance"], x.var(0), rtol=2e-2)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_counts_many_batches(dtype):
    """The arithmetic mean of thousands of batches gives the next one its small share."""
    layer = BatchNormalization(momentum=None, dtype=dtype)
    layer.build((2, 1))
    layer.count.assign([4000.0])
    layer(keras.ops.cast(np.array([[100.0], [300.0]]), dtype), training=True)
    assert float(array(layer.count.value)[0]) == 4001.0
    np.testing.assert_allclose(state(layer)["moving_mean"], 200.0 / 4001, rtol=2e-2)
