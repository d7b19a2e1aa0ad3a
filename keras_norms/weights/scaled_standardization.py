"""Scaled Weight Standardization (Brock, De & Smith 2021)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import initializers, ops

from keras_norms.kernels import at_least
from keras_norms.layers.placement import around_kernel
from keras_norms.layers.registration import normalizer
from keras_norms.weights.base import Tensor
from keras_norms.weights.gains import activation_gain
from keras_norms.weights.standardization import StandardizedKernel


@normalizer("sws", paper="Brock et al. 2021", wrap=around_kernel)
@keras.saving.register_keras_serializable(package="keras_norms")
class ScaledWeightStandardization(StandardizedKernel):
    """Computes with kernels that keep the variance of a normalizer-free network at 1.

        effective = gain * gamma * (kernel - mean) / sqrt(max(variance * N, epsilon))

    mean and variance over each filter's fan-in of `N` values. `gamma = 1 / sqrt(Var[g(z)])` is a
    constant: the gain of the activation `g` that precedes the layer, sqrt(2 / (1 - 1 / pi)) =
    1.7128586 for ReLU. `gain`, one number a filter, is learned. Training and inference are the
    same, and no example's output depends on the others.

    The authors' code scales the activation itself instead of the next kernel, which is the same
    function. Its gammas are Monte Carlo estimates (1.7139589 for ReLU), here they are computed.
    Epsilon and the learned gain are the code's.

    Args:
        layer: see `Reparameterization`.
        activation: what the inputs have passed through, as its name or a callable; None where they
            are themselves of variance 1, or where another layer applies the gain.
        epsilon: least value of `variance * N`.
        gain_initializer: of the learned gain.

    Raises:
        ValueError: an activation without a gain; a filter has a single value, which
            standardization would make zero.

    Reference: Brock, De & Smith 2021, arXiv 2101.08692.
    """

    def __init__(
        self,
        layer: keras.layers.Layer,
        activation: str | Callable[[Any], Any] | None = "relu",
        epsilon: float = 1e-4,
        gain_initializer: Any = "ones",
        **options: Any,
    ) -> None:
        gamma = activation_gain(activation)
        super().__init__(layer, epsilon, **options)
        self.activation = keras.activations.get(activation)
        self.gamma = gamma
        self.gain_initializer = initializers.get(gain_initializer)

    @property
    def gains(self) -> dict[str, keras.Variable]:
        """The learned gain, by the attribute of the kernel."""
        return self.own("gain")

    def build_kernel(self, name: str, kernel: keras.Variable) -> None:
        super().build_kernel(name, kernel)
        gain = self.add_weight(
            name=self.own_name(name, "gain"),
            shape=self.filters_shape(name),
            initializer=self.gain_initializer,
            autocast=False,
        )
        setattr(self, self.own_name(name, "gain"), gain)

    def effective(self, name: str, kernel: Tensor, training: bool) -> Tensor:
        statistics = self.statistics(name, kernel)
        # The root of an exact zero, a constant filter, has no gradient.
        least = max(self.epsilon, 1e-30)
        spread = at_least(statistics.variance * self.fan_in(name), least)
        gain = self.along_filters(self.gains[name], name, kernel)
        return statistics.centre(kernel) * (self.gamma * gain * ops.rsqrt(spread))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "activation": keras.activations.serialize(self.activation),
            "gain_initializer": initializers.serialize(self.gain_initializer),
        }
