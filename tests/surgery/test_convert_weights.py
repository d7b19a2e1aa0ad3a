"""Conversion to reparameterized weights, and back."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

import keras_norms
from keras_norms.surgery.convert import convert
from tests.gradients import array
from tests.surgery.models import assert_agree, kinds, network


@pytest.fixture(scope="module")
def model():
    return network()


def test_weight_reparameterizations_come_and_go(model):
    new, report = convert(model, "ws+group:2")
    conv = new.get_layer("stem")
    assert isinstance(conv, keras_norms.weights.WeightStandardization)
    np.testing.assert_array_equal(array(conv.layer.kernel), array(model.get_layer("stem").kernel))
    assert "'stem' in WeightStandardization" in report["bn"]["detail"]
    assert isinstance(new.get_layer("head"), layers.Dense)
    plain, _ = convert(new, "group:2")
    assert isinstance(plain.get_layer("stem"), layers.Conv2D)
    assert_agree(plain, new)


def test_weight_normalization_alone_computes_the_same_function(model):
    new, _ = convert(model, "weight+batch")
    assert_agree(new, model)


def test_reparameterized_layers_without_a_normalizer_are_units():
    units = [keras_norms.get("ws")(layers.Dense(4), "relu").layers for _ in range(2)]
    model = keras.Sequential([layers.Input((3,)), *units[0], *units[1]])
    assert kinds(convert(model, "none")[0]) == ["Dense", "Activation"] * 2
    assert_agree(convert(model, "none")[0], model)
    new, _ = convert(model, "layer")
    assert kinds(new) == ["Dense", "LayerNormalization", "Activation"] * 2
