"""The hand-written gradients against the backend's differentiation of the plain formula."""

from __future__ import annotations

import math

import keras
import numpy as np
import pytest
from keras import ops

from keras_norms import layers
from tests.conformance.case import SHAPE, draw
from tests.gradients import EVERY_MODE, double, program, randomize


class Plain(keras.layers.Layer):
    """The textbook formula in `keras.ops`: no shift, no mask, and no gradient of its own."""

    def __init__(self, axes, groups=1, centred=True, epsilon=1e-3):
        super().__init__(dtype="float64")
        self.axes, self.groups, self.centred, self.epsilon = axes, groups, centred, epsilon

    def build(self, shape):
        self.gamma = self.add_weight(shape=shape[-1:], name="gamma")
        self.beta = self.add_weight(shape=shape[-1:], name="beta") if self.centred else None

    def call(self, inputs, mask=None):
        x = ops.reshape(inputs, (*inputs.shape[:-1], self.groups, -1))
        if self.centred:
            x = x - self.mean(x)
        x = x / (self.mean(x * x) + self.epsilon) ** 0.5
        y = ops.reshape(x, inputs.shape) * self.gamma.value
        return y + self.beta.value if self.centred else y

    def mean(self, x):
        """As a sum, since `ops.mean` makes float32 of float64 on some backends."""
        count = math.prod(x.shape[axis] for axis in self.axes)
        return ops.sum(x, axis=self.axes, keepdims=True) / count


# With the channels as (groups, channels a group): a batch reduces axes 0 and 1, and so on.
PAIRS = {
    "batch": (layers.BatchNormalization, {}, {"axes": (0, 1)}),
    "group": (layers.GroupNormalization, {"groups": 2}, {"axes": (1, 3), "groups": 2}),
    "instance": (layers.InstanceNormalization, {}, {"axes": (1,)}),
    "layer": (layers.LayerNormalization, {}, {"axes": (3,)}),
    "rms": (layers.RMSNormalization, {"epsilon": 1e-3}, {"axes": (3,), "centred": False}),
}


@pytest.mark.parametrize("mode", EVERY_MODE)
@pytest.mark.parametrize("name", PAIRS)
def test_gradients(name, mode):
    kind, settings, formula = PAIRS[name]
    with double():
        ours, theirs = kind(**settings, dtype="float64"), Plain(**formula)
        for layer in (ours, theirs):
            layer.build(SHAPE)
            randomize(layer)
        x, dy = draw(SHAPE, 1).astype("float64"), draw(SHAPE, 2).astype("float64")
        got = program(ours, mode, training=True)(x, dy)
        wanted = program(theirs, mode)(x, dy)
        np.testing.assert_allclose(got.output, wanted.output, atol=1e-12)
        np.testing.assert_allclose(got.inputs, wanted.inputs, atol=1e-12)
        for mine, other in zip(got.weights.values(), wanted.weights.values(), strict=True):
            np.testing.assert_allclose(mine, other, atol=1e-11)
