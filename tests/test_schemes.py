"""Specs, units, and errors that name what would have been right."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout

import keras
import numpy as np
import pytest

import keras_norms
from keras_norms import layers
from tests.conformance.case import draw
from tests.gradients import array

NORMALIZERS = {
    "batch": layers.BatchNormalization,
    "group": layers.GroupNormalization,
    "instance": layers.InstanceNormalization,
    "layer": layers.LayerNormalization,
    "rms": layers.RMSNormalization,
}
SPECS = {name: "group:2" if name == "group" else name for name in NORMALIZERS}


def dense_unit(spec, activation="relu"):
    return keras_norms.get(spec)(keras.layers.Dense(4), activation)


def test_names():
    assert keras_norms.names() == ["batch", "group", "instance", "layer", "none", "rms"]


@pytest.mark.parametrize("name", NORMALIZERS)
def test_a_unit_is_plain_keras_layers_in_order(name):
    unit = dense_unit(SPECS[name])
    dense, norm, activation = unit.layers
    assert [type(dense), type(activation)] == [keras.layers.Dense, keras.layers.Activation]
    assert type(norm) is NORMALIZERS[name]
    x, y = draw((6, 3)), None
    y = array(unit(x))
    step = x
    for layer in unit.layers:
        step = layer(step)
    np.testing.assert_array_equal(y, array(step))


def test_none_is_no_layer():
    dense, activation = dense_unit("none").layers
    assert dense.use_bias
    assert isinstance(activation, keras.layers.Activation)
    assert [type(part) for part in dense_unit("none", None).layers] == [keras.layers.Dense]


@pytest.mark.parametrize(("name", "dropped"), [
    ("batch", True), ("instance", True), ("group", False), ("layer", False), ("rms", False),
    ("none", False),
])  # fmt: skip
def test_the_bias_goes_where_the_normalizer_cancels_it(name, dropped):
    """Over several channels the mean takes away only what their biases have in common."""
    scheme = keras_norms.get(SPECS.get(name, name))
    assert scheme(keras.layers.Dense(4)).layers[0].use_bias is not dropped
    conv = scheme(keras.layers.Conv2D(4, 3)).layers[0]
    assert conv.use_bias is not dropped
    assert not scheme(keras.layers.Dense(4, use_bias=False)).layers[0].use_bias


def test_dropping_the_bias_keeps_everything_else():
    conv = keras.layers.Conv2D(
        4, 3, 2, "same", kernel_initializer="he_normal", kernel_regularizer="l2", name="stem"
    )
    kept = {**conv.get_config(), "use_bias": False}
    assert keras_norms.get("batch")(conv).layers[0].get_config() == kept


@pytest.mark.parametrize("activation", [None, "relu", keras.ops.tanh, keras.layers.LeakyReLU()])
def test_activations(activation):
    parts = dense_unit("rms", activation).layers
    assert len(parts) == (2 if activation is None else 3)
    x = draw((5, 3))
    normalized = parts[1](parts[0](x))
    function = {None: lambda v: v, "relu": keras.ops.relu}.get(activation, activation)
    result = normalized
    for part in parts[2:]:
        result = part(result)
    np.testing.assert_allclose(array(result), array(function(normalized)), atol=1e-6)


@pytest.mark.parametrize("name", NORMALIZERS)
def test_channels_first_layers_are_normalized_along_their_channels(name):
    """The same numbers as channels last, transposed; no convolution is run, as CPUs have none."""
    first = keras.layers.Conv2D(4, 1, data_format="channels_first")
    last = keras.layers.Conv2D(4, 1, data_format="channels_last")
    x = draw((2, 3, 5, 4))
    of_last = keras_norms.get(SPECS[name])(last).layers[1]
    of_first = keras_norms.get(SPECS[name])(first).layers[1]
    wanted = array(of_last(x, training=True))
    got = array(of_first(x.transpose(0, 3, 1, 2), training=True)).transpose(0, 2, 3, 1)
    np.testing.assert_allclose(got, wanted, atol=2e-6)
    assert of_first.gamma.shape == (4,) if name != "rms" else of_first.scale.shape == (4,)


@pytest.mark.parametrize(("spec", "canonical", "arguments"), [
    ("group:groups=8", "group:groups=8", {"groups": 8}),
    ("group:8", "group:groups=8", {"groups": 8}),
    (" group:8 ", "group:groups=8", {"groups": 8}),
    ("batch", "batch", {"momentum": 0.99}),
    ("batch:momentum=0.9,unbiased=True", "batch:momentum=0.9,unbiased=True",
     {"momentum": 0.9, "unbiased": True}),
    ("batch:momentum=None", "batch:momentum=None", {"momentum": None}),
    ("rms:epsilon=1e-3", "rms:epsilon=0.001", {"epsilon": 1e-3}),
    ("instance:center=False", "instance:center=False", {"center": False}),
    ("layer:gamma_initializer=zeros", "layer:gamma_initializer=zeros", {}),
])  # fmt: skip
def test_spec_strings(spec, canonical, arguments):
    scheme = keras_norms.get(spec)
    assert str(scheme) == canonical
    assert str(keras_norms.get(str(scheme))) == canonical
    assert scheme.name == canonical.partition(":")[0]
    norm = scheme(keras.layers.Dense(16)).layers[1]
    assert {key: norm.get_config()[key] for key in arguments} == arguments


@pytest.mark.parametrize(("spec", "words"), [
    ("bach", ["bach", "'batch'"]),
    ("Layer", ["Layer", "'layer'"]),
    ("zzz", ["zzz", "batch", "group", "instance", "layer", "none", "rms"]),
    ("", ["batch", "rms"]),
    ("group:group=8", ["group=8", "'groups'"]),
    ("batch:momentun=0.9", ["momentun", "'momentum'"]),
    ("rms:center=False", ["center", "epsilon"]),
    ("none:epsilon=1", ["epsilon"]),
    ("none:8", ["8"]),
    ("group:groups=0", ["groups", "0"]),
    ("group:groups=many", ["groups", "many"]),
    ("group:8,8", ["8,8"]),
    ("batch:momentum=2", ["momentum", "2"]),
    ("batch:epsilon=-1", ["epsilon", "-1"]),
    ("batch:name=a", ["name"]),
    ({"class": "batch"}, ["class"]),
    ({"spec": "bach"}, ["bach", "'batch'"]),
    (7, ["7"]),
    (keras.layers.Dense, ["Dense"]),
])  # fmt: skip
def test_wrong_specs_name_the_nearest_right_one(spec, words):
    with pytest.raises(ValueError, match="spec") as error:
        keras_norms.get(spec)
    for word in words:
        assert word in str(error.value)


def test_groups_that_do_not_divide_the_channels():
    with pytest.raises(ValueError, match="groups"):
        keras_norms.get("group:groups=3")(keras.layers.Dense(4))(draw((2, 3)))


@pytest.mark.parametrize("spec", [
    "group:groups=2",
    layers.GroupNormalization(groups=2),
    lambda: layers.GroupNormalization(groups=2),
    keras_norms.get("group:2"),
    keras_norms.serialize("group:2"),
    keras_norms.serialize(layers.GroupNormalization(groups=2)),
])  # fmt: skip
def test_every_kind_of_spec(spec):
    """Each call makes a layer of its own: two units must never share weights."""
    scheme = keras_norms.get(spec)
    one, two = (scheme(keras.layers.Dense(4)).layers[1] for _ in range(2))
    assert type(one) is layers.GroupNormalization
    assert one.groups == 2
    assert one is not two
    assert one is not spec
    one.build((2, 4))
    two.build((2, 4))
    assert one.gamma is not two.gamma


@pytest.mark.parametrize("name", NORMALIZERS)
def test_a_class_is_its_name(name):
    if name == "group":
        pytest.skip("the default of 32 groups does not divide four channels")
    unit = dense_unit(NORMALIZERS[name])
    assert type(unit.layers[1]) is NORMALIZERS[name]
    assert unit(draw((2, 3))).shape == (2, 4)


def test_a_layer_of_keras():
    unit = dense_unit(keras.layers.BatchNormalization(momentum=0.5))
    assert type(unit.layers[1]) is keras.layers.BatchNormalization
    assert unit.layers[1].momentum == 0.5
    assert not unit.layers[0].use_bias


@pytest.mark.parametrize("spec", [*SPECS.values(), "none", "batch:momentum=None,center=False"])
def test_serialization(spec):
    written = json.loads(json.dumps(keras_norms.serialize(spec)))
    assert str(keras_norms.get(written)) == str(keras_norms.get(spec))


def test_a_function_cannot_be_serialized():
    with pytest.raises(ValueError, match="function"):
        keras_norms.serialize(lambda: layers.RMSNormalization())


@pytest.mark.parametrize("spec", ["batch", "group:2", "instance", "layer", "none", "rms"])
def test_models_of_units(spec, tmp_path):
    """Each layer is in the summary; the model saves and clones."""
    scheme = keras_norms.get(spec)
    inputs = keras.Input((5, 5, 3))
    unit = scheme(keras.layers.Conv2D(4, 3, data_format="channels_last"), "relu")
    hidden = keras.layers.Flatten()(unit(inputs))
    last = scheme(keras.layers.Dense(4), "tanh")
    model = keras.Model(inputs, last(hidden))
    expected = [*unit.layers, *last.layers]
    assert [layer for layer in model.layers if layer in expected] == expected
    with redirect_stdout(io.StringIO()) as text:
        model.summary(line_length=200)
    assert all(layer.name in text.getvalue() for layer in expected)
    model(draw((4, 5, 5, 3)), training=True)
    wanted = model.predict(draw((4, 5, 5, 3)), verbose=0)
    model.save(tmp_path / "model.keras")
    clone = keras.models.clone_model(model)
    clone.set_weights(model.get_weights())
    for other in (keras.models.load_model(tmp_path / "model.keras"), clone):
        np.testing.assert_allclose(other.predict(draw((4, 5, 5, 3)), verbose=0), wanted, atol=1e-5)


def test_a_unit_in_a_sequential():
    model = keras.Sequential(dense_unit("batch").layers)
    assert model(draw((3, 2))).shape == (3, 4)


def test_a_linear_layer_that_is_not_linear():
    with pytest.raises(ValueError, match="activation") as error:
        keras_norms.get("batch")(keras.layers.Dense(4, activation="relu"))
    assert "relu" in str(error.value)


def test_a_built_bias_that_would_be_dropped():
    dense = keras.layers.Dense(4)
    dense.build((2, 3))
    with pytest.raises(ValueError, match="use_bias"):
        keras_norms.get("batch")(dense)
    assert keras_norms.get("rms")(dense).layers[0] is dense
