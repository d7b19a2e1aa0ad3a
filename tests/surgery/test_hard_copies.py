"""One layer whose config does not give it back does not block the model around it."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_norms.surgery import audit, convert, fold, rebuild, recalibrate
from tests.gradients import array

X = np.random.default_rng(0).normal(size=(8, 4)).astype("float32")
OPERATIONS = {
    "rebuild": rebuild,
    "fold": lambda model: fold(model)[0],
    "convert": lambda model: convert(model, "batch")[0],
    "recalibrate": lambda model: recalibrate(model, X, verbose=False)[0],
}


def double(x):
    return 2 * x


class NoOptions(layers.Layer):
    """No `**kwargs`, and the config that Keras notes down."""

    def __init__(self, size):
        super().__init__()
        self.size = size

    def build(self, shape):
        self.shift = self.add_weight(shape=(4,), initializer="ones")

    def call(self, x):
        return x**self.size + self.shift


class Wordy(NoOptions):
    """Its config says more than its constructor takes."""

    def get_config(self):
        return {**super().get_config(), "size": self.size, "comment": "none"}


class Silent(NoOptions):
    """Its config does not say its size, which Keras noted down."""

    def get_config(self):
        return {"name": self.name}


class Table:
    """What Keras cannot note down."""

    def __init__(self, value):
        self.value = value


class Opaque(layers.Layer):
    """Takes what no config can say, and has no variables."""

    def __init__(self, table, **options):
        super().__init__(**options)
        self.table = table

    def get_config(self):
        return {"name": self.name}

    def call(self, x):
        return x * self.table.value


class Mine(keras.regularizers.Regularizer):
    def __call__(self, weights):
        return ops.sum(weights * weights)

    def get_config(self):
        return {}


class Weighty(Opaque):
    """The same with a variable: it cannot stand in two models."""

    def build(self, shape):
        self.shift = self.add_weight(shape=(4,), initializer="ones")

    def call(self, x):
        return x * self.table.value + self.shift


class Whole(keras.Model):
    """A model whose own config gives back what the layer's does not."""

    def __init__(self, factor, **options):
        x = keras.Input((4,))
        super().__init__(x, after(Weighty(Table(factor), name="own")(x)), **options)
        self.factor = factor

    def get_config(self):
        return {"factor": self.factor}


def after(y):
    return layers.BatchNormalization()(layers.Dense(3)(y))


def of(layer):
    x = keras.Input((4,))
    return keras.Model(x, after(layer(x)))


HARD = {
    "named lambda": lambda: of(layers.Lambda(double, output_shape=(4,))),
    "lambda": lambda: of(layers.Lambda(lambda v: double(v), output_shape=(4,))),
    "no options": lambda: of(NoOptions(2)),
    "too much said": lambda: of(Wordy(2)),
    "too little said": lambda: of(Silent(2)),
    "stands as it is": lambda: of(Opaque(Table(3.0))),
    "activation": lambda: of(layers.Dense(4, activation=lambda v: v * 2.0)),
    "regularizer": lambda: of(layers.Dense(4, kernel_regularizer=Mine())),
    "inside": lambda: of(keras.Sequential([layers.Input((4,)), NoOptions(2)])),
    "operation": lambda: of(lambda v: ops.reshape(v, (-1, np.int64(4)))),
    "vectorized": lambda: of(lambda v: ops.vectorized_map(lambda row: row * 2.0, v)),
    "the whole model's config": lambda: Whole(3.0),
}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("name", HARD)
def test_it_is_copied(name, operation):
    model = HARD[name]()
    before = array(model(X))
    new = OPERATIONS[operation](model)
    assert new is not model
    if operation != "recalibrate":
        np.testing.assert_allclose(array(new(X)), before, rtol=0, atol=1e-4)
    np.testing.assert_array_equal(array(model(X)), before)
    shared = {id(v) for v in model.variables} & {id(v) for v in new.variables}
    assert not shared
    for _ in range(2):  # and the original still is what it was
        assert len(rebuild(model).layers) == len(model.layers)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_has_weights_and_no_config_is_named_with_advice(operation):
    with pytest.raises(ValueError, match=r"(?s)'own' \(Weighty\).*from its config.*get_config"):
        OPERATIONS[operation](of(Weighty(Table(3.0), name="own")))


class Building(layers.Layer):
    """Its `build` fails on what its config forgets."""

    def __init__(self, size=None, **options):
        super().__init__(**options)
        self.size = size

    def get_config(self):
        return super().get_config()

    def build(self, shape):
        self.shift = self.add_weight(shape=(self.size + 1,))

    def call(self, x):
        return x + self.shift[0]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_fails_in_its_own_build_is_named(operation):
    with pytest.raises(ValueError, match=r"(?s)'own' \(Building\).*cannot be called.*build\(\)"):
        OPERATIONS[operation](of(Building(3, name="own")))


def test_what_has_nothing_to_recalibrate_needs_no_copy():
    x = keras.Input((4,))
    model = keras.Model(x, layers.Dense(3)(Weighty(Table(3.0))(x)))
    new, report = recalibrate(model, X, verbose=False)
    assert new is model
    assert any("no normalizer" in note for note in report.notes)
    assert any("no normalizer" in note for note in audit(model, X, verbose=False).notes)


def test_a_model_that_cannot_be_copied_is_recalibrated_in_place():
    model = of(Weighty(Table(3.0), name="own"))
    new, report = recalibrate(model, X, verbose=False, in_place=True)
    assert new is model
    assert report.rows[0]["done"] == "recalibrated"
    np.testing.assert_allclose(array(new(X)).mean(0), 0, atol=1e-3)


@pytest.mark.full
def test_a_loss_that_no_config_says():
    x = keras.Input((4,))
    model = keras.Model(x, after(x))
    model.compile("adam", lambda t, p: ops.mean((t - p) ** 2), metrics=["mae"])
    model.fit(X, X[:, :3], verbose=0)
    new, report = recalibrate(model, X, verbose=False)
    assert new.compiled
    assert int(array(new.optimizer.iterations)) == 1
    assert any("loss functions" in note for note in report.notes)
    new.fit(X, X[:, :3], verbose=0)


class Unsaid(layers.Layer):
    """Its config cannot be asked for, and its argument cannot be written down."""

    def __init__(self, inner, **options):
        super().__init__(**options)
        self.inner = inner()

    def build(self, shape):
        self.inner.build(shape)

    def call(self, x):
        return self.inner(x)

    def get_config(self):
        raise TypeError("missing 1 required positional argument: 'self'")


def test_a_layer_whose_config_fails_is_refused_by_name():
    start = keras.Input((4,))
    model = keras.Model(start, Unsaid(lambda: layers.Dense(3), name="unsaid")(start))
    with pytest.raises(ValueError, match=r"Layer 'unsaid' \(Unsaid\) cannot be made again"):
        rebuild(model)
