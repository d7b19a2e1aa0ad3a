"""The framework's own operations as layers, and the floor: what any normalizer has to do at least.

No layer of Keras stands behind these: they are what a user of the framework alone would call.
"""

from __future__ import annotations

import importlib.util
from typing import Any

import keras

EPSILON, EPSILON_RMS = 1e-3, 1e-6  # as of the layers they stand beside
GROUPS = 8


class Floor(keras.layers.Layer):
    """y = x * a + b with a and b per channel, and dx = dy * a: read once, write once."""

    def build(self, input_shape: Any) -> None:
        channels = (input_shape[-1],)
        # Near one, so that nothing vanishes through many layers; ones themselves fold away.
        near_one = keras.initializers.RandomNormal(1.0, 0.1)
        self.a = self.add_weight(shape=channels, name="a", initializer=near_one, trainable=False)
        self.b = self.add_weight(
            shape=channels, name="b", initializer="random_normal", trainable=False
        )

    def call(self, inputs: Any) -> Any:
        return inputs * self.a + self.b


class Native(keras.layers.Layer):
    """The framework's operation of a normalizer, in training.

    Args:
        normalizer: "batch", "group", "instance", "layer" or "rms".
    """

    def __init__(self, normalizer: str, **options: Any) -> None:
        super().__init__(**options)
        self.normalizer = normalizer

    def build(self, input_shape: Any) -> None:
        channels = (input_shape[-1],)
        self.gamma = self.add_weight(shape=channels, initializer="ones", name="gamma")
        if self.normalizer != "rms":
            self.beta = self.add_weight(shape=channels, initializer="zeros", name="beta")
        if self.normalizer == "batch" and keras.config.backend() == "torch":
            kept = {"shape": channels, "trainable": False, "autocast": False}
            self.mean = self.add_weight(initializer="zeros", name="mean", **kept)
            self.variance = self.add_weight(initializer="ones", name="variance", **kept)

    def call(self, inputs: Any) -> Any:
        if keras.config.backend() == "torch":
            return self._of_torch(inputs)
        if keras.config.backend() == "jax":
            return self._of_tokamax(inputs)
        import tensorflow as tf

        with tf.name_scope("native"):
            shape, channels = tf.shape(inputs), inputs.shape[-1]
            x = inputs if inputs.shape.rank == 4 else tf.reshape(inputs, (-1, 1, 1, channels))
            # The operation takes float32 weights at any precision of the inputs.
            gamma, beta = (tf.cast(w.value, "float32") for w in (self.gamma, self.beta))
            y, *_ = tf.compat.v1.nn.fused_batch_norm(x, gamma, beta, epsilon=EPSILON)
            return y if inputs.shape.rank == 4 else tf.reshape(y, shape)

    def _of_tokamax(self, x: Any) -> Any:
        """Its kernels take float32 weights at any precision of the inputs."""
        import tokamax

        centred = self.normalizer == "layer"
        beta, epsilon = (self.beta.value, EPSILON) if centred else (None, EPSILON_RMS)
        gamma = self.gamma.value
        return tokamax.layer_norm(x, gamma, beta, epsilon=epsilon, subtract_mean=centred)

    def _of_torch(self, x: Any) -> Any:
        from torch.nn import functional

        gamma = self.gamma.value.to(x.dtype)
        if self.normalizer == "rms":
            return functional.rms_norm(x, x.shape[-1:], gamma, EPSILON_RMS)
        beta = self.beta.value.to(x.dtype)
        if self.normalizer == "layer":
            return functional.layer_norm(x, x.shape[-1:], gamma, beta, EPSILON)
        x = x.movedim(-1, 1)
        if self.normalizer == "batch":
            mean, variance = self.mean.value, self.variance.value
            # Weights of the running means' precision: the operation takes no other mixture.
            gamma, beta = self.gamma.value.float(), self.beta.value.float()
            y = functional.batch_norm(x, mean, variance, gamma, beta, True, 0.1, EPSILON)
        else:
            groups = GROUPS if self.normalizer == "group" else x.shape[1]
            y = functional.group_norm(x, groups, gamma, beta, EPSILON)
        return y.movedim(1, -1)


def has_native(normalizer: str, mode: str) -> bool:
    """Whether the running backend has an operation for it: XLA's programs have none.

    JAX has tokamax's kernels where that is installed.
    """
    named = {"graph": ("batch",), "eager": ("batch", "group", "instance", "layer", "rms")}
    named["jit"] = ("layer", "rms") if importlib.util.find_spec("tokamax") else ()
    return normalizer in named.get(mode, ())
