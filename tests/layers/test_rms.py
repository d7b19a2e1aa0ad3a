"""RMSNormalization: the suite, Keras's own layer, and the invariance the paper claims."""

from __future__ import annotations

import keras
import numpy as np

from keras_norms.layers import RMSNormalization
from tests.conformance.case import draw
from tests.conformance.likeness import Likeness
from tests.gradients import array
from tests.oracles.rms import rms
from tests.suite import Case, NormalizerSuite


class TestRMSNormalization(NormalizerSuite, Likeness):
    twin = keras.layers.RMSNormalization
    case = Case(
        layer=RMSNormalization,
        oracle=rms,
        examples=(
            ({}, (5, 4)),
            ({"epsilon": 0.1}, (3, 5, 4)),
            ({"axis": 1}, (2, 3, 2, 4)),
            ({"axis": [1, 2]}, (2, 3, 2, 4)),
            ({"axis": [-1, 1]}, (2, 2, 2, 2, 3)),
        ),
        centred=False,
        affine=False,
        several_axes=True,
    )

    def test_invariance_to_scale(self):
        """Table 1: re-scaling the inputs changes nothing."""
        layer, x = RMSNormalization(), draw((6, 4))
        np.testing.assert_allclose(array(layer(x * 1e3)), array(layer(x)), atol=1e-5)
