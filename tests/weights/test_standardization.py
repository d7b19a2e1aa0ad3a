from __future__ import annotations

import keras
import numpy as np
import pytest

from keras_norms.weights import (
    ScaledWeightStandardization,
    WeightStandardization,
    activation_gain,
)
from tests.gradients import array, double
from tests.kernel_conformance.linears import LINEARS
from tests.oracles.weights import scaled, standardized
from tests.reparameterization_suite import ReparameterizationSuite


class TestWeightStandardization(ReparameterizationSuite):
    kind = WeightStandardization

    def truth(self, wrapper, name, kernel, fan, weights):
        return standardized(kernel, fan, epsilon=wrapper.epsilon)

    def test_filters_have_mean_zero_and_deviation_one(self, linear):
        wrapper, weights = self.built(linear)
        for name, kernel in wrapper.effective_kernels().items():
            fan = LINEARS[linear].fan[name]
            std = weights[name].std(axis=fan)
            np.testing.assert_allclose(array(kernel).mean(axis=fan), 0, atol=1e-5)
            np.testing.assert_allclose(array(kernel).std(axis=fan), std / (std + 1e-5), rtol=1e-4)

    def test_a_large_mean_costs_no_accuracy(self):
        wrapper, weights = self.built()
        wrapper.layer.kernel.assign(weights["kernel"] + 1e4)
        wanted = standardized(array(wrapper.layer.kernel.value).astype(np.float64), (0,))
        got = array(wrapper.effective_kernels()["kernel"])
        np.testing.assert_allclose(got, wanted, atol=2e-5)

    def test_wrong_arguments(self):
        with pytest.raises(ValueError, match="epsilon"):
            self.wrap(own={"epsilon": -1.0})


class TestScaledWeightStandardization(ReparameterizationSuite):
    kind = ScaledWeightStandardization

    def truth(self, wrapper, name, kernel, fan, weights):
        gain = weights[name.replace("kernel", "gain")]
        return scaled(kernel, fan, gain, epsilon=wrapper.epsilon)

    def test_sws21_gain_mean_and_variance_of_filters(self, linear):
        with double():
            wrapper = self.wrap(linear, dtype="float64")
            wrapper.build(LINEARS[linear].shape)
            rng = np.random.default_rng(0)
            for name, fan in LINEARS[linear].fan.items():
                variable = wrapper.kernels()[name]
                variable.assign(rng.normal(0.5, 1.0, variable.shape))
                effective = array(wrapper.effective_kernels()[name])
                size = np.prod([effective.shape[a] for a in fan])
                assert np.abs(effective.mean(axis=fan)).max() < 1e-12
                variance = size * effective.var(axis=fan)
                np.testing.assert_allclose(variance, wrapper.gamma**2, rtol=1e-6)

    def test_sws21_gain_of_relu(self):
        assert abs(self.wrap().gamma - 1.7128586) < 1e-6
        assert abs(activation_gain("relu") - np.sqrt(2 / (1 - 1 / np.pi))) < 1e-6

    def test_variance_is_kept_through_relu(self):
        """The point of it: ten wide layers, variance 1 in and out."""
        x = np.random.default_rng(0).normal(size=(256, 512)).astype(np.float32)
        for depth in range(10):
            activation = "relu" if depth else None
            dense = keras.layers.Dense(512, kernel_initializer=keras.initializers.HeNormal(depth))
            y = self.kind(dense, activation)(x)
            assert 0.8 < array(y).var() < 1.25
            x = keras.ops.relu(y)

    @pytest.mark.parametrize("name", ["relu", "silu", "gelu", "tanh", "elu", "sigmoid", "softplus"])
    def test_gains_against_simulation(self, name):
        z = np.random.default_rng(0).normal(size=2_000_000).astype(np.float32)
        values = array(keras.activations.get(name)(keras.ops.convert_to_tensor(z)))
        assert activation_gain(name) == pytest.approx(1 / values.std(dtype=np.float64), rel=3e-3)

    def test_identity_has_gain_one(self):
        assert activation_gain(None) == pytest.approx(1, abs=1e-7)
        assert self.wrap(own={"activation": None}).gamma == pytest.approx(1, abs=1e-7)

    def test_the_activation_is_saved(self):
        wrapper = self.wrap(own={"activation": "tanh"})
        again = self.kind.from_config(wrapper.get_config())
        assert again.gamma == wrapper.gamma == pytest.approx(1.592537, abs=1e-5)

    @pytest.mark.parametrize("activation", ["softmax", "reluu", keras.ops.zeros_like])
    def test_activations_without_a_gain(self, activation):
        with pytest.raises(ValueError) as error:
            self.wrap(own={"activation": activation})
        assert str(activation) in str(error.value)

    def test_wrong_arguments(self):
        with pytest.raises(ValueError, match="epsilon"):
            self.wrap(own={"epsilon": float("nan")})


@pytest.mark.parametrize("kind", [WeightStandardization, ScaledWeightStandardization])
def test_filters_of_one_value_are_refused(kind):
    for layer, shape in (
        (keras.layers.Dense(3), (None, 1)),
        (keras.layers.DepthwiseConv2D(1), (None, 4, 4, 3)),
        (keras.layers.SeparableConv2D(2, 1), (None, 4, 4, 3)),
    ):
        with pytest.raises(ValueError, match="single value") as error:
            kind(layer).build(shape)
        assert layer.name in str(error.value)
