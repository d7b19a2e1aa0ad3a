"""A weight normalizer around a linear layer, beside Keras's own layer with the oracle's kernels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import layers

from keras_norms.weights import Reparameterization
from tests.conformance.case import draw
from tests.gradients import array, randomize
from tests.kernel_conformance.linears import LINEARS, SEED


class Wrapped:
    kind: type[Reparameterization]
    settings: Mapping[str, Any] = {}
    state: tuple[str, ...] = ()  # names of what it remembers

    def truth(
        self,
        wrapper: Reparameterization,
        name: str,
        kernel: np.ndarray,
        fan: tuple[int, ...],
        weights: Mapping[str, np.ndarray],
    ) -> np.ndarray:
        """The oracle's effective kernel, given the wrapper's own weights by name."""
        raise NotImplementedError

    def wrap(self, linear="dense", *, own: Mapping[str, Any] = {}, **options):
        return self.kind(LINEARS[linear].make(**options), **{**self.settings, **own})

    def built(self, linear="dense", **options):
        """A wrapper with random weights, and these by name in float64."""
        wrapper = self.wrap(linear, **options)
        wrapper.build(LINEARS[linear].shape)
        weights = randomize(wrapper)
        rng = np.random.default_rng(SEED)
        for kernel in wrapper.kernels().values():
            kernel.assign(rng.normal(0.5, 1.0, kernel.shape))
            weights[kernel.name] = array(kernel.value).astype(np.float64)
        weights |= {v.name: array(v.value) for v in wrapper.non_trainable_variables}
        return wrapper, weights

    def oracle(self, wrapper, linear, weights):
        fans = LINEARS[linear].fan
        return {n: self.truth(wrapper, n, weights[n], fan, weights) for n, fan in fans.items()}

    def plain(self, linear, weights, kernels, **options):
        """Keras's own layer with the oracle's kernels."""
        layer = LINEARS[linear].make(**options)
        layer.build(LINEARS[linear].shape)
        for variable in layer.variables:
            variable.assign(kernels.get(variable.name, weights[variable.name]))
        return layer

    def model(self):
        inputs = keras.Input((8, 8, 3))
        x = self.kind(layers.Conv2D(4, 3, activation="relu"), **self.settings)(inputs)
        x = self.kind(layers.SeparableConv2D(5, 3), **self.settings)(x)
        x = layers.GlobalAveragePooling2D()(layers.Activation("relu")(x))
        model = keras.Model(inputs, self.kind(layers.Dense(2), **self.settings)(x))
        rng = np.random.default_rng(0)
        for variable in model.trainable_variables:
            variable.assign(array(variable.value) + rng.normal(0, 0.1, variable.shape))
        model(draw((6, 8, 8, 3)), training=True)
        return model
