"""A model's own call is kept, with its class, or the model is refused by name."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from keras_norms.surgery import convert, fold, rebuild, recalibrate
from tests.gradients import array
from tests.surgery.models import randomized

X = np.random.default_rng(0).normal(3, 2, (16, 4)).astype("float32")


class Scaled(keras.Model):
    """A graph that its constructor makes, and a call around it."""

    def __init__(self, units=3, **options):
        x = keras.Input((4,))
        dense = layers.Dense(units, name="dense")
        super().__init__(x, layers.BatchNormalization(name="bn")(dense(x)), **options)
        self.units = units

    def call(self, inputs, training=None, mask=None):
        return 10 * super().call(inputs, training=training)

    def get_config(self):
        return {"units": self.units}


class Stepping(keras.Model):
    """A call around a graph that its constructor takes."""

    def call(self, inputs, training=None, mask=None):
        return 10 * super().call(inputs, training=training)


class Line(keras.Sequential):
    def call(self, inputs, training=None, mask=None):
        return 10 * super().call(inputs, training=training)


class FixedLine(Line):
    """Its layers are its constructor's."""

    def __init__(self, **options):
        super().__init__([keras.Input((4,)), *linear()], **options)

    def get_config(self):
        return {}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


class Holding(Scaled):
    """Its call uses a layer of its graph by name."""

    def __init__(self, units=3, **options):
        super().__init__(units, **options)
        self.last = self.get_layer("bn")

    def call(self, inputs, training=None, mask=None):
        return super().call(inputs, training=training) + self.last.gamma


class Telling(Stepping):
    """Its constructor takes the graph and more."""

    def __init__(self, inputs, outputs, name=None, *, factor=1.0, **options):
        super().__init__(inputs, outputs, name=name, **options)
        self.factor = factor

    def call(self, inputs, training=None, mask=None):
        return self.factor * super().call(inputs, training=training)


def linear():
    return [layers.Dense(3, name="dense"), layers.BatchNormalization(name="bn")]


def stepping():
    x = keras.Input((4,))
    dense, bn = linear()
    return Stepping(x, bn(dense(x)))


MODELS = [Scaled, stepping, lambda: Line([keras.Input((4,)), *linear()]), FixedLine]
OPERATIONS = {
    "rebuild": rebuild,
    "fold": lambda model: fold(model)[0],
    "convert": lambda model: convert(model, "batch")[0],
}


def within(model):
    x = keras.Input((4,))
    return keras.Model(x, layers.Activation("tanh")(model(x)))


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("make", MODELS, ids=["functional", "taking", "line", "fixed line"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_call_is_kept(operation, make, inside):
    own = randomized(make())
    model = within(own) if inside else own
    new = OPERATIONS[operation](model)
    np.testing.assert_allclose(array(new(X)), array(model(X)), rtol=0, atol=1e-4)
    found = next(m for m in [new, *new.layers] if m.name == own.name) if inside else new
    assert type(found) is type(own)
    assert found is not own
    norms = [m for m in found._flatten_layers() if isinstance(m, layers.BatchNormalization)]
    assert len(norms) == (operation == "rebuild")
    assert len(new.variables) == len(model.variables) - 4 * (operation == "fold")


@pytest.mark.parametrize("operation", ["fold", "convert"])
def test_a_call_that_holds_what_would_be_replaced_is_refused_by_name(operation):
    model = randomized(Holding())
    said = r"'bn' cannot be replaced.*\(Holding\).*'last'"
    with pytest.raises(ValueError, match=said):
        OPERATIONS[operation](model)
    np.testing.assert_array_equal(array(rebuild(model)(X)), array(model(X)))


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_a_constructor_takes_beside_the_graph_is_not_lost(operation):
    x = keras.Input((4,))
    dense, bn = linear()
    model = randomized(Telling(x, bn(dense(x)), name="telling", factor=3.0))
    # Its config is Keras's own, which leaves the factor out.
    with pytest.raises(ValueError, match=r"The copy of 'telling' \(Telling\) computes something"):
        OPERATIONS[operation](model)


def test_recalibration_keeps_class_and_call():
    model = randomized(Scaled())
    new, _ = recalibrate(model, X, verbose=False)
    assert type(new) is Scaled
    bare = array(new(X)) / 10
    beta, gamma = array(new.get_layer("bn").beta), array(new.get_layer("bn").gamma)
    np.testing.assert_allclose(bare.mean(0), beta, atol=1e-3)
    np.testing.assert_allclose(bare.std(0), np.abs(gamma), rtol=0.02)


def test_the_report_says_that_a_file_does_not_know_the_new_layers():
    _, report = fold(randomized(Scaled(name="own")))
    assert any("'own' keeps its class Scaled" in note for note in report.notes)
    _, report = fold(randomized(stepping()))
    assert report.notes == []


class Making(keras.Model):
    """A graph that its constructor makes; attributes hold a layer of it and one that is not."""

    def __init__(self, **options):
        x = keras.Input((4,))
        last = layers.Dense(2, name="last")
        y = layers.BatchNormalization(name="bn")(layers.Dense(3, name="dense")(x))
        super().__init__(x, last(y), **options)
        self.last, self.spare = last, layers.Dense(1, name="spare")

    def get_config(self):
        return {}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


def test_layers_in_attributes_outlive_a_replacement():
    made = randomized(Making())
    new, _ = convert(made, "batch")
    assert type(new) is Making
    assert new.last is new.get_layer("last")
    assert new.spare.name == "spare"
    back, _ = convert(new, layers.BatchNormalization)
    np.testing.assert_array_equal(array(back(X)), array(made(X)))
