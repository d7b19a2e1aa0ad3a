"""Surgery on layers whose averages are scheduled, cumulative or debiased."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from keras_norms.layers import BatchNormalization
from keras_norms.surgery import audit, convert, recalibrate
from tests.conformance.case import draw
from tests.gradients import array

X = draw((16, 4), mean=3.0)
RISING = keras.optimizers.schedules.PolynomialDecay(0.5, 10, end_learning_rate=0.99)


def trained(**options):
    model = keras.Sequential(
        [keras.Input((4,)), BatchNormalization(name="bn", **options), layers.Dense(1)]
    )
    model.compile(keras.optimizers.SGD(0.0), "mse")
    model.fit(X, X[:, :1], batch_size=8, shuffle=False, verbose=0)
    return model


def value(model, name):
    return array(getattr(model.get_layer("bn"), name).value)


def test_what_recalibration_found_weighs_as_much_as_many_batches():
    model = trained(debiased=True, momentum=0.9)
    new, _ = recalibrate(model, X, verbose=False)
    np.testing.assert_array_equal(value(new, "seen"), np.ones(4))
    new.get_layer("bn")(X + 100, training=True)
    wanted = 0.9 * X.mean(0) + 0.1 * (X.mean(0) + 100)
    np.testing.assert_allclose(value(new, "moving_mean"), wanted, rtol=1e-5)


def test_recalibration_leaves_a_schedule_where_it_is():
    new, _ = recalibrate(trained(momentum=RISING), X, verbose=False)
    assert value(new, "count") == 2


@pytest.mark.parametrize(("options", "remain"), [
    ({}, True),
    ({"debiased": True}, False),
    ({"momentum": RISING}, False),
    ({"momentum": None}, False),
])  # fmt: skip
def test_initial_values_are_blamed_where_they_remain(options, remain):
    report = str(audit(trained(**options), X + 100, verbose=False))
    assert "far off" in report
    assert ("initial values remain" in report) is remain


@pytest.mark.parametrize("options", [{"momentum": RISING, "debiased": True}, {"momentum": None}])
def test_averages_are_carried(options):
    model = trained(**options)
    ghost, _ = convert(model, "ghost:4")
    for name in ("moving_mean", "moving_variance", "count", "seen"):
        if getattr(model.get_layer("bn"), name) is not None:
            np.testing.assert_array_equal(value(ghost, name), value(model, name))
    assert (
        ghost.get_layer("bn").get_config()["momentum"]
        == (model.get_layer("bn").get_config()["momentum"])
    )
    of_keras, _ = convert(model, keras.layers.BatchNormalization)
    assert of_keras.get_layer("bn").momentum == 0.99
    np.testing.assert_array_equal(value(of_keras, "moving_mean"), value(model, "moving_mean"))


@pytest.mark.full
def test_carried_averages_weigh_in_full():
    new, report = convert(trained(momentum=0.5), "batch:debiased=True")
    assert report["bn"]["done"] == "converted", report["bn"]["detail"]
    np.testing.assert_array_equal(value(new, "seen"), np.ones(4))
