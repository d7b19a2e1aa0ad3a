"""UnitNormalization: the suite, Keras's own layer, and the ends of every dtype's range."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from keras_norms.layers.unit import UnitNormalization
from tests.conformance.case import SHAPE, draw
from tests.gradients import MODES, array, program
from tests.oracles.unit import unit
from tests.suite import Case, NormalizerSuite


class TestUnitNormalization(NormalizerSuite):
    case = Case(
        layer=UnitNormalization,
        oracle=unit,
        examples=(
            ({}, (5, 4)),
            ({}, (3, 5, 4)),
            ({"axis": 1}, (3, 4, 2, 2)),
            ({"axis": [1, -1]}, (3, 2, 3, 4)),
            ({}, (2, 2, 2, 2, 3)),
        ),
        centred=False,
        affine=False,
        several_axes=True,
    )

    @pytest.mark.parametrize("epsilon", [1e-3])
    def test_a_wrong_epsilon(self, epsilon):
        """Any is wrong: there is none."""
        self.refuse({"epsilon": epsilon}, "epsilon")

    def test_an_undefined_channel_dimension(self):
        """Is no obstacle, without weights."""
        assert self.case.make()(keras.Input((5, None))).shape == (None, 5, None)


@pytest.mark.parametrize("axis", [-1, 1, [1, 2], (0, 1)])
def test_it_is_what_keras_has(axis):
    x = draw(SHAPE)
    theirs = array(keras.layers.UnitNormalization(axis=axis)(x))
    ours = UnitNormalization.from_config(keras.layers.UnitNormalization(axis=axis).get_config())
    np.testing.assert_allclose(array(ours(x)), theirs, atol=1e-6)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("policy", "value"),
    [
        ("float16", 300.0),
        ("float16", 6e4),
        ("float16", 1e-4),
        ("bfloat16", 3e38),
        ("float32", 3e38),
        ("float32", 1e30),
        ("float32", 1e-30),
        ("mixed_float16", 6e4),
    ],
)
def test_no_square_overflows_or_vanishes(policy, value, mode):
    x = np.array([[value, -value], [value, 0.0], [0.0, 0.0]], "float32")
    layer = UnitNormalization(dtype=policy)
    got = program(layer, mode)(keras.ops.cast(x, layer.compute_dtype), None)
    half = np.sqrt(0.5)
    wanted = [[half, -half], [1, 0], [0, 0]]
    np.testing.assert_allclose(got.output, wanted, atol=4e-3 if "16" in policy else 1e-6)
    assert not np.isnan(got.inputs).any()
    np.testing.assert_array_equal(got.inputs[2], [0, 0])


def test_the_length_is_one():
    length = np.linalg.norm(array(UnitNormalization()(draw(SHAPE))), axis=-1)
    np.testing.assert_allclose(length, np.ones((6, 5)), rtol=1e-6)
