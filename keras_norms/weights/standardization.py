"""Weight Standardization (Qiao et al. 2019)."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from keras_norms.kernels import Moments, at_least, moments
from keras_norms.layers.placement import around_kernel
from keras_norms.layers.registration import normalizer
from keras_norms.layers.validation import checked_epsilon
from keras_norms.weights.base import Reparameterization, Tensor


class StandardizedKernel(Reparameterization):
    """What subtracts from each filter its mean and divides it by its deviation."""

    def __init__(self, layer: keras.layers.Layer, epsilon: float, **options: Any) -> None:
        epsilon = checked_epsilon(epsilon)
        super().__init__(layer, **options)
        self.epsilon = epsilon

    def build_kernel(self, name: str, kernel: keras.Variable) -> None:
        if self.fan_in(name) == 1:
            raise ValueError(
                f"Argument `layer` ({self.layer.name!r}) has filters of a single value in its "
                f"{name} of shape {tuple(kernel.shape)}: less its mean, that is zero. Leave this "
                "layer without weight standardization."
            )

    def fan_in(self, name: str) -> int:
        """How many values a filter of the kernel `name` has."""
        return math.prod(self.kernels()[name].shape[axis] for axis in self.filter_axes(name))

    def statistics(self, name: str, kernel: Tensor) -> Moments:
        """Mean and biased variance of each filter."""
        return moments(kernel, self.filter_axes(name))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "epsilon": self.epsilon}


@normalizer("ws", paper="Qiao et al. 2019", wrap=around_kernel)
@keras.saving.register_keras_serializable(package="keras_norms")
class WeightStandardization(StandardizedKernel):
    """Computes with kernels whose every filter has mean 0 and deviation 1.

        effective = (kernel - mean) / (std + epsilon)

    mean and standard deviation over each filter's fan-in. Training and inference are the same,
    and no example's output depends on the others. Meant to stand before an activation normalizer
    (`"ws+group:8"`): alone it makes the outputs `sqrt(fan-in)` times as large as the inputs, and
    `ScaledWeightStandardization` does not.

    The filters of depthwise kernels are single channels, with a fan-in of the spatial axes alone.
    The deviation is biased, as in the authors' TensorFlow code; that of their PyTorch code divides
    by `fan-in - 1`.

    Args:
        layer: see `Reparameterization`.
        epsilon: added to the deviation; 1e-5 in the authors' code.

    Raises:
        ValueError: a filter has a single value, which standardization would make zero.

    Reference: Qiao et al. 2019, arXiv 1903.10520.
    """

    def __init__(self, layer: keras.layers.Layer, epsilon: float = 1e-5, **options: Any) -> None:
        super().__init__(layer, epsilon, **options)

    def effective(self, name: str, kernel: Tensor, training: bool) -> Tensor:
        statistics = self.statistics(name, kernel)
        # The root of an exact zero, a constant filter, has no gradient.
        deviation = ops.sqrt(at_least(statistics.variance, 1e-30))
        return statistics.centre(kernel) / (deviation + self.epsilon)
