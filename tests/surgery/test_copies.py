"""A copy is as faithful as Keras's own save and load, whatever the layer keeps its state in."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from keras_norms.surgery import convert, fold, rebuild, recalibrate
from tests.gradients import array

DRAW = np.random.default_rng(0)
FLOATS = DRAW.normal(5, 3, (16, 4)).astype("float32")
KEYS = DRAW.choice([5, 7, 9], (16, 4))
WORDS = np.array([["a good day"], ["a day"], ["good"], ["unheard of"]])
OPERATIONS = {
    "rebuild": lambda model, x: rebuild(model, check=x),
    "fold": lambda model, x: fold(model, check=x)[0],
    "convert": lambda model, x: convert(model, "batch", check=x)[0],
    "recalibrate": lambda model, x: recalibrate(model, x, verbose=False)[0],
}


class Fitted(layers.Layer):
    """Keeps what it learned in NumPy, and saves it in its own way."""

    factor = np.ones(4, "float32")

    def adapt(self, x):
        self.factor = np.asarray(x).mean(0)

    def save_own_variables(self, store):
        store["factor"] = self.factor

    def load_own_variables(self, store):
        self.factor = np.asarray(store["factor"])

    def call(self, x):
        return x * self.factor


class Finished(layers.Layer):
    """Computes with what it makes of its weights when they are loaded."""

    def build(self, shape):
        self.sums = self.add_weight(shape=(4,), initializer="zeros", trainable=False)
        self.finalize_state()

    def adapt(self, x):
        self.sums.assign(np.asarray(x).sum(0))
        self.finalize_state()

    def finalize_state(self):
        self.mean = array(self.sums) / 16

    def load_own_variables(self, store):
        super().load_own_variables(store)
        self.finalize_state()

    def call(self, x):
        return x - self.mean


class Filed(Fitted):
    """Keeps its state in a file beside the weights."""

    save_own_variables = layers.Layer.save_own_variables
    load_own_variables = layers.Layer.load_own_variables

    def save_assets(self, folder):
        np.save(f"{folder}/factor.npy", self.factor)

    def load_assets(self, folder):
        self.factor = np.load(f"{folder}/factor.npy")


STATEFUL = {
    "normalization": (layers.Normalization, FLOATS),
    "discretization": (lambda **o: layers.Discretization(num_bins=3, **o), FLOATS),
    "integer lookup": (layers.IntegerLookup, KEYS),
    "string lookup": (layers.StringLookup, WORDS),
    "text": (lambda **o: layers.TextVectorization(output_sequence_length=4, **o), WORDS),
    "own variables": (Fitted, FLOATS),
    "finalized": (Finished, FLOATS),
    "assets": (Filed, FLOATS),
}


def model_of(kind, data):
    """The layer, adapted, before a linear layer and a normalizer."""
    layer = kind(name="own")
    strings = data.dtype.kind in "US"
    start = keras.Input(data.shape[1:], dtype="string" if strings else data.dtype.name)
    if isinstance(layer, Finished):
        layer.build(data.shape)
    layer.adapt(data)
    x = layers.Dense(3)(keras.ops.cast(layer(start), "float32"))
    return keras.Model(start, layers.BatchNormalization()(x))


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("name", STATEFUL)
def test_what_a_layer_was_adapted_to(name, operation):
    kind, data = STATEFUL[name]
    if data.dtype.kind in "US":
        if keras.backend.backend() != "tensorflow":
            pytest.skip("strings are TensorFlow's")
        data = keras.ops.convert_to_tensor(data)
        model = model_of(kind, WORDS)
    else:
        model = model_of(kind, data)
    new = OPERATIONS[operation](model, data)
    own, copy = model.get_layer("own"), new.get_layer("own")
    assert copy is not own
    np.testing.assert_array_equal(array(copy(data)), array(own(data)))
    fresh = kind(name="fresh")
    if isinstance(fresh, (Fitted, Finished)):
        assert np.abs(array(fresh(data)) - array(own(data))).max() > 1


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_is_trained_of_each_layer_and_variable(operation):
    start = keras.Input((4,))
    x = layers.Dense(4, name="part")(layers.Dense(4, name="whole")(start))
    x = layers.BatchNormalization(axis=-1, name="bn")(layers.Activation("tanh")(x))
    model = keras.Model(start, layers.Activation("relu")(x))
    model.get_layer("whole").trainable = False
    model.get_layer("part").bias.trainable = False
    model.get_layer("bn").gamma.trainable = False
    new = OPERATIONS[operation](model, FLOATS)
    assert [v.path for v in new.trainable_variables] == [v.path for v in model.trainable_variables]
    flags = [(v.path, v.trainable) for v in model.variables]
    if operation != "convert":
        assert [(v.path, v.trainable) for v in new.variables] == flags


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_copy_shares_no_variable(operation):
    model = model_of(*STATEFUL["normalization"])
    before = [array(v) for v in model.variables]
    new = OPERATIONS[operation](model, FLOATS)
    for variable in new.variables:
        variable.assign(np.zeros(variable.shape, variable.dtype))
    for value, variable in zip(before, model.variables, strict=True):
        np.testing.assert_array_equal(value, array(variable))


@keras.saving.register_keras_serializable("tests.surgery.copies")
class TwoInside(layers.Layer):
    """Two layers of one shape behind one another."""

    def __init__(self, **options):
        super().__init__(**options)
        self.first, self.second = layers.Dense(4), layers.Dense(4)

    def build(self, shape):
        self.first.build(shape)
        self.second.build(shape)

    def call(self, x):
        return self.second(keras.ops.tanh(self.first(x)))


@pytest.mark.parametrize("operation", OPERATIONS)
def test_layers_inside_meet_by_their_attributes_whatever_order_they_are_tracked_in(operation):
    model = keras.Sequential(
        [keras.Input((4,)), TwoInside(), layers.BatchNormalization(), layers.Dense(2)]
    )
    inner = model.layers[0]
    for k, variable in enumerate(inner.variables):
        variable.assign(np.random.default_rng(k).normal(size=variable.shape))
    inner.first.trainable = False
    inner._layers.reverse()  # as where `first` was set again
    new = OPERATIONS[operation](model, FLOATS)
    copy = next(layer for layer in new.layers if isinstance(layer, TwoInside))
    for name in ("first", "second"):
        before, after = getattr(inner, name), getattr(copy, name)
        np.testing.assert_array_equal(array(after.kernel), array(before.kernel), err_msg=name)
        assert after.trainable == before.trainable
