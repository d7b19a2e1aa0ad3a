"""Batch normalization with noise behind it whose own distribution is drawn anew at each step."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_norms.layers import BatchNormalization


@keras.saving.register_keras_serializable(package="santurkar2018")
class NoisyBatchNormalization(BatchNormalization):
    """`s y + m` of batch normalization's output `y`, with noise of its own for each activation.

    Training, for each channel at each step a mean and a scale, and for each activation around them

        mu ~ U(-shift, shift),          m ~ U(mu - spread, mu + spread)
        sigma ~ U(1, scale),            s ~ N(sigma, spread)

    Inference: `y` times the mean of sigma, `(1 + scale) / 2`.

    Args:
        shift: largest mean of the noise.
        scale: largest mean of the factor, at least 1.
        spread: of both within a step.
        momentum, **options: of `BatchNormalization`.

    Reference: Santurkar et al. 2018, arXiv 1805.11604, Section 2.1.
    """

    def __init__(
        self,
        shift: float = 0.5,
        scale: float = 1.25,
        spread: float = 0.1,
        momentum: float = 0.9,
        **options: Any,
    ) -> None:
        super().__init__(momentum=momentum, **options)
        self.noise = (float(shift), float(scale), float(spread))
        self.seeds = keras.random.SeedGenerator()

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        y = super().call(inputs, training=training, mask=mask)
        shift, scale, spread = self.noise
        if not training:
            return y * ((1 + scale) / 2)
        every, channels = ops.shape(y), (y.shape[-1],)
        mean = keras.random.uniform(channels, -shift, shift, seed=self.seeds)
        factor = keras.random.uniform(channels, 1.0, scale, seed=self.seeds)
        mean = mean + keras.random.uniform(every, -spread, spread, seed=self.seeds)
        factor = factor + spread * keras.random.normal(every, seed=self.seeds)
        return factor * y + mean
