"""LayerNormalization: the suite, Keras's own layer, and the invariances the paper claims."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np

from keras_norms.layers import LayerNormalization
from tests.conformance.case import draw
from tests.conformance.likeness import Likeness
from tests.gradients import array
from tests.oracles.layer import layer as oracle
from tests.suite import Case, NormalizerSuite


class TestLayerNormalization(NormalizerSuite, Likeness):
    twin = keras.layers.LayerNormalization
    case = Case(
        layer=LayerNormalization,
        oracle=oracle,
        examples=(
            ({}, (5, 4)),
            ({"epsilon": 0.1}, (3, 5, 4)),
            ({"axis": 1}, (2, 3, 2, 4)),
            ({"axis": [1, 2, 3]}, (2, 2, 2, 3)),
            ({"axis": [-1, 1]}, (2, 2, 2, 2, 3)),
        ),
        several_axes=True,
    )

    def test_several_axes_as_keras_has_them(self):
        x, axes = draw((3, 2, 4, 5)), [3, 1]
        ours, theirs = LayerNormalization(axis=axes), keras.layers.LayerNormalization(axis=axes)
        ours.build(x.shape)
        theirs.build(x.shape)
        ours.set_weights([draw((2, 5), 1), draw((2, 5), 2)])
        theirs.set_weights(ours.get_weights())
        np.testing.assert_allclose(array(ours(x)), array(theirs(x)), atol=1e-5)

    def test_invariance_to_scale_and_shift_of_a_case(self):
        """Table 1: a case times a number, plus a number, gives the same output."""
        layer, x = LayerNormalization(epsilon=1e-12), draw((6, 8))
        np.testing.assert_allclose(array(layer(x * 37 - 5)), array(layer(x)), atol=1e-5)


class TestRmsScaling(Likeness):
    """Deprecated in Keras: by the deviation, around a mean that stays; no beta, always a gamma."""

    twin = keras.layers.LayerNormalization
    case = replace(TestLayerNormalization.case, settings={"rms_scaling": True, "scale": False})

    def test_the_formula(self):
        layer, x = LayerNormalization(rms_scaling=True), draw((6, 4))
        wanted = x / np.sqrt(x.astype("float64").var(-1, keepdims=True) + 1e-3)
        np.testing.assert_allclose(array(layer(x)), wanted, atol=1e-5)
