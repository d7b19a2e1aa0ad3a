"""Conversion to groups of channels: those asked for, those carried, and those that fit."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from keras_norms import layers as ours
from keras_norms.surgery.convert import convert
from tests.surgery.models import network, outputs

BATCH = layers.BatchNormalization


@pytest.fixture(scope="module")
def model():
    return network()


def test_groups_that_do_not_divide_are_named_with_those_that_do(model):
    said = r"'dense_bn' has 6 channels \(divisors 1, 2, 3, 6\).*2 groups divide all"
    with pytest.raises(ValueError, match=said):
        convert(model, "group:4")
    with pytest.raises(ValueError, match=r"wants 32 groups.*3 layers"):
        convert(model, "group:32")


@pytest.mark.parametrize("spec", ["group", "ws+group", "evonorm_s0"])
def test_groups_that_nobody_asked_for_are_those_that_divide(model, spec):
    new, report = convert(model, spec)
    for name, groups in (("bn", 8), ("last", 8), ("dense_bn", 2)):
        assert new.get_layer(name).groups == groups
        assert f"of {groups} groups (32 do not divide" in report[name]["detail"]


@pytest.mark.parametrize(("units", "groups"), [(32, 16), (64, 32), (8, 4), (1, 1)])
def test_without_space_no_default_group_has_a_single_value(units, groups):
    model = keras.Sequential([layers.Input((3,)), layers.Dense(units), BATCH(name="bn")])
    if units == 1:
        with pytest.raises(ValueError, match="no longer depend"):
            convert(model, "group")
        return
    new, report = convert(model, "group")
    assert new.get_layer("bn").groups == groups
    assert (f"of {groups} groups (32 " in report["bn"]["detail"]) == (groups != 32)


@pytest.mark.parametrize("before", [BATCH, lambda name: ours.GroupNormalization(4, name=name)])
@pytest.mark.parametrize("channels", [12, 64])
def test_layer_normalization_of_images_is_over_the_whole_example(before, channels):
    """By group normalization, whose default groups and those of before are not meant."""
    model = keras.Sequential(
        [layers.Input((5, 5, 3)), layers.Conv2D(channels, 3), before(name="bn")]
    )
    new, report = convert(model, "layer")
    (y,) = outputs(keras.Model(model.inputs[0], model.layers[0].output))
    y = y - y.mean((1, 2, 3), keepdims=True)
    wanted = y / np.sqrt(np.square(y).mean((1, 2, 3), keepdims=True) + 1e-3)
    np.testing.assert_allclose(outputs(new)[0], wanted, atol=1e-4)
    assert "groups (" not in report["bn"]["detail"]


def test_groups_of_before_are_carried_where_none_are_asked_for():
    old = layers.GroupNormalization(4, name="bn")
    new, report = convert(keras.Sequential([layers.Input((5, 5, 64)), old]), "group")
    assert new.get_layer("bn").groups == 4
    assert "groups" not in report["bn"]["detail"]
