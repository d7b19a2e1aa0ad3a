"""InstanceNormalization: the suite, and Keras's group normalization of one channel a group."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from keras_norms.layers import InstanceNormalization
from tests.conformance.case import SHAPE, draw
from tests.gradients import array, randomize
from tests.oracles.instance import instance
from tests.suite import Case, NormalizerSuite


class TestInstanceNormalization(NormalizerSuite):
    case = Case(
        layer=InstanceNormalization,
        oracle=instance,
        examples=(
            ({}, (5, 4)),
            ({"epsilon": 0.1}, (3, 5, 4)),
            ({}, (2, 3, 2, 4)),
            ({"axis": 1}, (2, 4, 2, 3)),
            ({"axis": [1, -1]}, (2, 3, 2, 4)),
            ({}, (2, 2, 2, 2, 3)),
        ),
        refusals=(({"axis": 0}, "axis 0"), ({"axis": [0, 2]}, "axis [0,")),
        several_axes=True,
    )

    @pytest.mark.parametrize("axis", [1, -1])
    def test_keras_with_one_channel_a_group(self, axis):
        theirs = keras.layers.GroupNormalization(groups=-1, axis=axis)
        ours = InstanceNormalization(axis=axis)
        theirs.build(SHAPE)
        ours.build(SHAPE)
        randomize(theirs)
        ours.set_weights(theirs.get_weights())
        assert [v.name for v in ours.weights] == ["gamma", "beta"]
        x = draw(SHAPE)
        np.testing.assert_allclose(array(ours(x)), array(theirs(x)), atol=1e-5)
        theirs.set_weights(ours.get_weights())

    def test_the_contrast_of_an_image_is_removed(self):
        """Equation 3 makes the output independent of each channel's scale and mean."""
        layer, x = InstanceNormalization(epsilon=1e-12), draw((2, 4, 4, 3))
        contrast = np.array([1.0, 20.0, 0.1], "float32")
        np.testing.assert_allclose(array(layer(x * contrast + 3)), array(layer(x)), atol=2e-5)
