"""GroupNormalization: the suite, Keras's own layer, and the limits the paper names."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from keras_norms.layers import GroupNormalization, InstanceNormalization, LayerNormalization
from tests.conformance.case import draw
from tests.conformance.likeness import Likeness
from tests.gradients import array, double, program
from tests.oracles.group import group
from tests.suite import Case, NormalizerSuite

IMAGES = (3, 4, 2, 6)


class TestGroupNormalization(NormalizerSuite, Likeness):
    twin = keras.layers.GroupNormalization
    case = Case(
        layer=GroupNormalization,
        oracle=group,
        examples=(
            ({"groups": 2}, (5, 4)),
            ({"groups": 1, "epsilon": 0.1}, (3, 5, 4)),
            ({"groups": 3}, (2, 3, 2, 6)),
            ({"groups": 2, "axis": 1}, (2, 4, 2, 3)),
            ({"groups": 2, "axis": 2}, (2, 2, 4, 2)),
            ({"groups": -1}, (2, 3, 2, 3)),
            ({"groups": 2}, (2, 2, 2, 2, 4)),
        ),
        settings={"groups": 2},
        refusals=(
            ({"groups": 3}, "groups 3 4"),
            ({"groups": 8}, "groups 8 4"),
            ({"groups": 0}, "groups 0"),
            ({"groups": -2}, "groups -2"),
            ({"groups": 2.5}, "groups 2.5"),
            ({"axis": 0}, "axis 0"),
        ),
    )

    def test_the_default_of_32_groups_needs_32_channels(self):
        assert GroupNormalization()(draw((2, 64))).shape == (2, 64)
        with pytest.raises(ValueError, match="groups"):
            GroupNormalization()(draw((2, 16)))

    def test_as_many_groups_as_there_are_channels_stays_minus_one(self):
        layer = GroupNormalization(groups=-1)
        layer.build((2, 3, 8))
        assert layer.get_config()["groups"] == -1
        again = GroupNormalization.from_config(layer.get_config())
        assert again(draw((2, 3, 6))).shape == (2, 3, 6)


@pytest.mark.parametrize("dy", [draw(IMAGES, 9).astype("float64")])
@pytest.mark.parametrize(
    ("groups", "other"),
    [
        (1, lambda: LayerNormalization(axis=[1, 2, 3], dtype="float64")),
        (6, lambda: InstanceNormalization(dtype="float64")),
        (-1, lambda: InstanceNormalization(dtype="float64")),
    ],
)
def test_the_limits(groups, other, dy):
    """Section 3.2: one group is layer normalization, a group a channel is instance norm."""
    with double():
        x = draw(IMAGES).astype("float64")
        limit = program(GroupNormalization(groups, dtype="float64"))(x, dy)
        named = program(other())(x, dy)
        np.testing.assert_allclose(limit.output, named.output, atol=1e-10)
        np.testing.assert_allclose(limit.inputs, named.inputs, atol=1e-10)


def test_invariance_to_the_scale_of_a_group():
    x = draw(IMAGES)
    x[..., 3:] *= 1e3
    layer = GroupNormalization(groups=2, epsilon=1e-12)
    np.testing.assert_allclose(array(layer(x)), array(layer(draw(IMAGES))), atol=2e-5)
