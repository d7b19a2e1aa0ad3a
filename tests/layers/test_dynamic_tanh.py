"""DynamicTanh: the suite, but for what a layer without statistics cannot have."""

from __future__ import annotations

import numpy as np
import pytest

from keras_norms.layers.dynamic_tanh import DynamicTanh
from tests.conformance.case import draw
from tests.gradients import array, double, program, randomize
from tests.oracles.dynamic_tanh import dynamic_tanh
from tests.suite import Case, NormalizerSuite


class TestDynamicTanh(NormalizerSuite):
    case = Case(
        layer=DynamicTanh,
        oracle=dynamic_tanh,
        examples=(
            ({}, (5, 4)),
            ({"alpha_initializer": 1.5}, (3, 5, 4)),
            ({"axis": 1}, (3, 4, 2, 2)),
            ({"axis": [1, -1]}, (3, 2, 3, 4)),
            ({}, (2, 2, 2, 2, 3)),
        ),
        centred=False,
        several_axes=True,
        told=("alpha",),
    )

    def test_the_configuration_survives_building(self, example):
        """A number is kept as the initializer that it stands for."""
        settings, shape = example
        settings = {k: v for k, v in settings.items() if k != "alpha_initializer"}
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


def test_dyt25_def():
    with double():
        x = draw((3, 5, 4)).astype("float64")
        layer = DynamicTanh(dtype="float64")
        np.testing.assert_allclose(array(layer(x)), np.tanh(0.5 * x), rtol=1e-14)
        weights = randomize(layer)
        wanted = weights["gamma"] * np.tanh(weights["alpha"] * x) + weights["beta"]
        np.testing.assert_allclose(array(layer(x)), wanted, rtol=1e-13)
