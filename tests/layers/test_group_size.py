"""`group_size`: channels a group, instead of how many groups."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from keras_norms.layers import EvoNormS0, EvoNormS1a, GroupNormalization
from keras_norms.schemes import get
from keras_norms.surgery import convert
from tests.conformance.case import draw
from tests.gradients import array, randomize

KINDS = [GroupNormalization, EvoNormS0, EvoNormS1a]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("size", "groups"), [(1, 6), (2, 3), (3, 2), (6, 1)])
def test_it_is_that_many_groups(kind, size, groups):
    x = draw((3, 4, 5, 6))
    made, other = kind(group_size=size), kind(groups=groups)
    made.build(x.shape)
    other.build(x.shape)
    randomize(made)
    other.set_weights(made.get_weights())
    np.testing.assert_array_equal(array(made(x)), array(other(x)))
    again = kind.from_config(made.get_config())
    assert again.get_config() == made.get_config()
    assert again(draw((2, 3, 12))).shape == (2, 3, 12)  # of other channels too


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [4, 8, 0, -1, 2.5])
def test_wrong_sizes(kind, size):
    with pytest.raises(ValueError, match="group_size") as error:
        kind(group_size=size)(draw((2, 6)))
    assert str(size) in str(error.value)


def test_a_file(tmp_path):
    inputs = keras.Input((5, 6))
    model = keras.Model(inputs, GroupNormalization(group_size=2)(inputs))
    randomize(model.layers[1])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    x = draw((2, 5, 6))
    np.testing.assert_array_equal(array(loaded(x)), array(model(x)))


def test_what_a_bias_does_before_it():
    assert GroupNormalization(group_size=1).cancels_bias
    assert not GroupNormalization(groups=-1, group_size=2).cancels_bias


def test_schemes_and_conversion():
    norm = get("group:group_size=2").follow(keras.layers.Conv2D(6, 1), None)[0]
    assert norm.group_size == 2
    assert norm(draw((2, 3, 3, 6))).shape == (2, 3, 3, 6)
    inputs = keras.Input((3, 3, 6))
    batch = keras.layers.BatchNormalization(name="norm")
    model = keras.Model(inputs, batch(keras.layers.Conv2D(6, 1)(inputs)))
    new, report = convert(model, "group:group_size=2")
    assert new.get_layer("norm").group_size == 2
    assert "groups" not in report["norm"]["detail"]
    back, _ = convert(new, "group:6")  # what is written wins over what stood there
    assert (back.get_layer("norm").groups, back.get_layer("norm").group_size) == (6, None)
    same, _ = convert(new, "group")
    assert same.get_layer("norm").group_size == 2
