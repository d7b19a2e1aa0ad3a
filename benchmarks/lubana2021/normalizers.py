"""Group normalization by the size of its groups, and in the form of the official code."""

from __future__ import annotations

import math

import keras
from keras import ops

from keras_norms.kernels import Groups, moments
from keras_norms.layers import GroupNormalization


@keras.saving.register_keras_serializable(package="lubana2021")
class GroupsOf(GroupNormalization):
    """Group normalization with groups of `size` channels; of all, in a layer that has no more.

    As the paper varies it: one channel a group is instance normalization, all are layer
    normalization over space and channels.

    Raises:
        ValueError: at its first call, channels that `size` does not divide.
    """

    def __init__(self, size: int = 1, epsilon: float = 1e-5, **options) -> None:
        super().__init__(groups=1, epsilon=epsilon, **options)
        self.size = size

    def build(self, input_shape) -> None:
        channels = input_shape[self.axis]
        size = min(self.size, channels)
        if channels % size:
            raise ValueError(f"Argument `size`={size} must divide the {channels} channels")
        self.groups = channels // size
        super().build(input_shape)

    def get_config(self):
        config = super().get_config()
        del config["groups"]
        return {**config, "size": self.size}


@keras.saving.register_keras_serializable(package="lubana2021")
class UnbiasedGroups(GroupsOf):
    """The same as the official code has it: of n values the variance is divided by n - 1."""

    def call(self, inputs, training=None, mask=None):
        x = self.in_full_precision(inputs)
        (channel,), space = self._layout.kept, self._layout.space
        n = math.prod(x.shape[1:]) // self.groups
        found = moments(x, space, None, Groups(channel, self.groups))
        y = (x - found.mean) * ops.rsqrt(found.variance * (n / (n - 1)) + self.epsilon)
        return self.in_output_precision(self.scale_and_shift(y, x))
