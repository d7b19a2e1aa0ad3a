"""Momenta that are scheduled, and averages without their initial values."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest

from keras_norms import layers
from keras_norms.layers import BatchNormalization, GhostBatchNormalization
from tests.conformance.case import SHAPE, draw
from tests.gradients import MODES, SWIFT, array, program, state
from tests.layers.test_memory import truth

schedules = keras.optimizers.schedules
BATCHES = [draw(SHAPE, seed, mean=seed) for seed in range(5)]
SCHEDULES = {
    "rising": schedules.PolynomialDecay(0.0, 3, end_learning_rate=0.9),
    "falling": schedules.ExponentialDecay(0.9, 2, 0.7, staircase=True),
    "warm": schedules.CosineDecay(0.2, 3, alpha=0.5, warmup_target=0.8, warmup_steps=2),
    "stepped": schedules.PiecewiseConstantDecay([1.0, 3.0], [0.3, 0.6, 0.9]),
}
MEMORIES = [
    layers.BatchGroupNormalization,
    layers.BatchNormalization,
    layers.BatchRenormalization,
    layers.EvoNormB0,
    layers.EvoNormB1,
    layers.EvoNormB2,
    layers.GhostBatchNormalization,
    layers.InstanceEnhancementBatchNormalization,
    layers.LpNormalization,
    layers.MeanOnlyBatchNormalization,
    layers.SwitchableNormalization,
    layers.VarianceNormalization,
    lambda **given: layers.CrossIterationBatchNormalization(
        keras.layers.Dense(4, use_bias=False), **given
    ),
]


def trained(layer, batches=BATCHES, mode=SWIFT, masks=None):
    step = program(layer, mode, training=True)
    for x, mask in zip(batches, masks or [None] * len(batches), strict=True):
        step(x, None, mask)
    return state(layer)


def averaged(values, momenta, initial, debiased):
    """In float64 and in two steps: with the initial value, and then without it."""
    moving, weight = np.float64(initial), 1.0
    for a, value in zip(momenta, values, strict=True):
        moving, weight = a * moving + (1 - a) * value, a * weight
    return (moving - weight * initial) / (1 - weight) if debiased else moving


@pytest.mark.parametrize(("name", "debiased"), zip(SCHEDULES, [False, True] * 2, strict=True))
@pytest.mark.parametrize("mode", MODES)
def test_schedules(mode, name, debiased):
    schedule = SCHEDULES[name]
    got = trained(BatchNormalization(momentum=schedule, debiased=debiased), mode=mode)
    momenta = [float(array(schedule(k))) for k in range(5)]
    assert len(set(momenta)) > 1
    for statistic, values, start in zip(("mean", "variance"), truth(BATCHES), (0, 1), strict=True):
        wanted = averaged(values, momenta, start, debiased)
        np.testing.assert_allclose(got[f"moving_{statistic}"], wanted, atol=1e-5)
    assert got["count"] == 5


@pytest.mark.parametrize("momentum", [0.0, 0.7, 0.999])
@pytest.mark.parametrize("mode", MODES)
def test_debiased(mode, momentum):
    layer = BatchNormalization(
        momentum=momentum, debiased=True, moving_mean_initializer=keras.initializers.Constant(50.0)
    )
    got = trained(layer, mode=mode)
    means, variances = truth(BATCHES)
    wanted = averaged(means, [momentum] * 5, 50.0, True)
    np.testing.assert_allclose(got["moving_mean"], wanted, atol=1e-5)
    wanted = averaged(variances, [momentum] * 5, 1.0, True)
    np.testing.assert_allclose(got["moving_variance"], wanted, atol=1e-5)
    np.testing.assert_allclose(got["seen"], 1 - momentum**5, rtol=1e-5)


@pytest.mark.parametrize("kind", MEMORIES)
def test_every_memory_forgets_its_initial_values_at_once(kind):
    found = []
    for start in (0.0, 100.0):
        layer = kind(debiased=True, momentum=0.99)
        layer.build((None, 4))
        moving = [v for v in layer.non_trainable_variables if v.name.startswith("moving")]
        for variable in (*moving, *layer.trainable_variables):
            variable.assign(draw(tuple(variable.shape), 1))
        for variable in moving:
            variable.assign(variable + start)
        layer(draw((6, 4), 2), training=True)
        found.append([array(v.value) for v in moving])
    np.testing.assert_array_equal(found[0], found[1])


def test_hidden_channels_are_debiased_each_by_its_own_batches():
    layer = BatchNormalization(momentum=0.8, debiased=True)
    shown = np.broadcast_to(np.array([True, False, True, True]), (1, 1, 4))
    got = trained(layer, masks=[shown, None, shown, None, None])
    means, _ = truth(BATCHES)
    seen = [means[k] for k in (1, 3, 4)]
    wanted = averaged(means, [0.8] * 5, 0.0, True)
    wanted[1] = averaged(seen, [0.8] * 3, 0.0, True)[1]
    np.testing.assert_allclose(got["moving_mean"], wanted, atol=1e-5)


def test_a_schedule_counts_the_batches_that_were_learned_from():
    layer = BatchNormalization(momentum=SCHEDULES["stepped"], debiased=True)
    nothing = np.zeros(SHAPE[:2], bool)
    got = trained(layer, masks=[nothing, None, nothing, nothing, None])
    means, _ = truth(BATCHES)
    wanted = averaged([means[1], means[4]], [0.3, 0.3], 0.0, True)
    np.testing.assert_allclose(got["moving_mean"], wanted, atol=1e-5)
    assert got["count"] == 2


@pytest.mark.parametrize("mode", MODES)
def test_virtual_batches_are_counted_and_share_a_momentum(mode):
    layer = GhostBatchNormalization(
        virtual_batch_size=2, momentum=SCHEDULES["stepped"], debiased=True
    )
    batches = [draw((6, 4), seed, mean=seed) for seed in range(2)]
    got = trained(layer, batches, mode)
    parts = [x[i : i + 2] for x in batches for i in (0, 2, 4)]
    wanted = averaged(truth(parts)[0], [0.3] * 3 + [0.6] * 3, 0.0, True)
    np.testing.assert_allclose(got["moving_mean"], wanted, atol=1e-5)
    assert got["count"] == 6


def test_a_momentum_of_one_learns_nothing_and_is_no_nan():
    got = trained(BatchNormalization(momentum=1.0, debiased=True))
    np.testing.assert_array_equal(got["moving_mean"], np.zeros(4))
    np.testing.assert_array_equal(got["moving_variance"], np.ones(4))


@pytest.mark.parametrize(("options", "extra"), [
    ({}, []),
    ({"debiased": True}, ["seen"]),
    ({"momentum": None, "debiased": True}, ["count"]),
    ({"momentum": SCHEDULES["rising"]}, ["count"]),
    ({"momentum": SCHEDULES["rising"], "debiased": True}, ["count", "seen"]),
])  # fmt: skip
def test_saving(tmp_path, options, extra):
    layer = BatchNormalization(**options)
    model = keras.Sequential([keras.Input(SHAPE[1:]), layer])
    json.dumps(layer.get_config())
    trained(layer, BATCHES[:2])
    names = [v.name for v in layer.weights]
    assert names == ["gamma", "beta", "moving_mean", "moving_variance", *extra]
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras").layers[0]
    assert loaded.get_config() == layer.get_config()
    np.testing.assert_equal(trained(loaded, BATCHES[2:]), trained(layer, BATCHES[2:]))


def test_in_training():
    """Inside `fit`, where the count is state of a compiled step."""
    layer = BatchNormalization(momentum=SCHEDULES["stepped"], debiased=True)
    model = keras.Sequential([keras.Input((4,)), layer, keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x = draw((32, 4), mean=3.0)
    model.fit(x, x[:, :1], batch_size=8, shuffle=False, verbose=0)
    means, _ = truth([x[i : i + 8] for i in range(0, 32, 8)])
    wanted = averaged(means, [0.3, 0.3, 0.6, 0.6], 0.0, True)
    np.testing.assert_allclose(state(layer)["moving_mean"], wanted, atol=1e-5)


@pytest.mark.parametrize(("momentum", "words"), [
    (schedules.ExponentialDecay(1.5, 10, 0.9), "1.5 at the first"),
    ("slow", "slow"),
    (lambda step: 0.9, "LearningRateSchedule"),
    ({"class_name": "Dense", "config": {"units": 2}}, "Dense"),
])  # fmt: skip
def test_refusals(momentum, words):
    with pytest.raises((ValueError, TypeError), match=words):
        BatchNormalization(momentum=momentum)
