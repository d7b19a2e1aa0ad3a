"""DynamicErf: the suite, but for what a layer without statistics cannot have."""

from __future__ import annotations

import numpy as np
import pytest

from keras_norms.layers.dynamic_erf import DynamicErf
from tests.conformance.case import draw
from tests.gradients import array, double, program, randomize
from tests.oracles.arrays import slope
from tests.oracles.dynamic_erf import ERF, dynamic_erf
from tests.suite import Case, NormalizerSuite


class TestDynamicErf(NormalizerSuite):
    in_lite = False
    case = Case(
        layer=DynamicErf,
        oracle=dynamic_erf,
        examples=(
            ({}, (5, 4)),
            ({"alpha_initializer": 1.5, "shift_initializer": -0.3}, (3, 5, 4)),
            ({"axis": 1}, (3, 4, 2, 2)),
            ({"axis": [1, -1]}, (3, 2, 3, 4)),
            ({}, (2, 2, 2, 2, 3)),
        ),
        centred=False,
        several_axes=True,
        told=("alpha", "shift"),
    )

    def test_the_configuration_survives_building(self, example):
        """A number is kept as the initializer that it stands for."""
        settings, shape = example
        settings = {k: v for k, v in settings.items() if not k.endswith("_initializer")}
        super().test_the_configuration_survives_building((settings, shape))

    @pytest.mark.parametrize("epsilon", [1e-3])
    def test_a_wrong_epsilon(self, epsilon):
        """Any is wrong: nothing is divided."""
        self.refuse({"epsilon": epsilon}, "epsilon")

    @pytest.mark.full
    def test_any_mean(self, mode):
        """Far from zero it saturates at gamma + beta, and its gradient ends."""
        layer = self.case.make()
        got = program(layer, mode, training=True)(draw((4, 3, 4), mean=1e4), None)
        np.testing.assert_array_equal(got.output, np.ones((4, 3, 4)))
        np.testing.assert_array_equal(got.inputs, np.zeros((4, 3, 4)))


def test_derf25_def():
    with double():
        x = draw((3, 5, 4)).astype("float64")
        layer = DynamicErf(dtype="float64")
        np.testing.assert_allclose(array(layer(x)), ERF(0.5 * x), rtol=1e-12, atol=1e-15)
        w = randomize(layer)
        wanted = w["gamma"] * ERF(w["alpha"] * x + w["shift"]) + w["beta"]
        np.testing.assert_allclose(array(layer(x)), wanted, rtol=1e-12)


def test_derf25_gradients_of_alpha_and_shift():
    x, dy = draw((4, 3)).astype("float64"), np.random.default_rng(1).normal(size=(4, 3))
    with double():
        layer = DynamicErf(dtype="float64")
        layer.build(x.shape)
        w = randomize(layer)
        got = program(layer)(x, dy).weights
    for name in ("alpha", "shift"):

        def loss(value, name=name):
            return float((dynamic_erf(x, **{**w, name: float(value)}) * dy).sum())

        np.testing.assert_allclose(got[name], slope(loss, w[name], 1e-6), rtol=1e-7)
