"""Units: a linear layer, its normalizer and its activation, as plain Keras layers."""

from __future__ import annotations

import io
from contextlib import redirect_stdout

import keras
import numpy as np
import pytest

import keras_norms
from keras_norms import layers
from keras_norms.layers.placement import around_kernel, instead_of_activation
from keras_norms.layers.registration import REGISTRY, normalizer
from tests.conformance.case import draw
from tests.gradients import array, program
from tests.schemes.test_spec import NORMALIZERS, SPECS, of_dense


@pytest.mark.parametrize("name", NORMALIZERS)
def test_a_unit_is_plain_keras_layers_in_order(name):
    unit = of_dense(SPECS[name])
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
    dense, activation = of_dense("none").layers
    assert dense.use_bias
    assert isinstance(activation, keras.layers.Activation)
    assert [type(part) for part in of_dense("none", None).layers] == [keras.layers.Dense]


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
    parts = of_dense("rms", activation).layers
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
    wanted = program(of_last, training=True)(x, None).output
    got = program(of_first, training=True)(x.transpose(0, 3, 1, 2), None).output
    got = got.transpose(0, 2, 3, 1)
    np.testing.assert_allclose(got, wanted, atol=2e-6)
    assert of_first.gamma.shape == (4,) if name != "rms" else of_first.scale.shape == (4,)


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
    model.set_weights([w + 0.1 for w in model.get_weights()])
    wanted = model.predict(draw((4, 5, 5, 3)), verbose=0)
    model.save(tmp_path / "model.keras")
    clone = keras.models.clone_model(model)
    clone.set_weights(model.get_weights())
    for other in (keras.models.load_model(tmp_path / "model.keras"), clone):
        np.testing.assert_allclose(other.predict(draw((4, 5, 5, 3)), verbose=0), wanted, atol=1e-5)


def test_a_unit_in_a_sequential():
    model = keras.Sequential(of_dense("batch").layers)
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


class Halved(keras.layers.Wrapper):
    """A stand-in for a weight reparameterization: the wrapped layer with half its output."""

    def call(self, inputs):
        return self.layer(inputs) / 2


class Bent(layers.InstanceNormalization):
    """A stand-in for what is normalizer and activation in one."""

    cancels_bias = False


def test_what_is_to_come_fits_without_touching_the_models(monkeypatch):
    """Reparameterized kernels wrap the linear layer; joint norm-activations absorb the other."""
    for name in ("halved", "bent"):
        monkeypatch.setitem(REGISTRY, name, None)
    normalizer("halved", paper="", wrap=around_kernel)(Halved)
    normalizer("bent", paper="", follow=instead_of_activation)(Bent)
    kinds = [type(part) for part in of_dense("halved+group:2").layers]
    assert kinds == [Halved, layers.GroupNormalization, keras.layers.Activation]
    assert [type(part) for part in of_dense("bent").layers] == [keras.layers.Dense, Bent]
    assert [type(part) for part in of_dense("halved+bent").layers] == [Halved, Bent]
    dense, halved = keras.layers.Dense(4), of_dense("halved", None).layers[0]
    np.testing.assert_array_equal(
        array(halved(draw((2, 3)))), array(halved.layer(draw((2, 3)))) / 2
    )
    assert keras_norms.get("halved+none")(dense).layers[0].layer is dense
    with pytest.raises(ValueError, match="more than one"):
        keras_norms.get("bent+group:2")
