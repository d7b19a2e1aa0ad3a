"""Every operation holds its copy against the original, and names the layer that differs."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from keras_norms.surgery import convert, fold, rebuild, recalibrate
from keras_norms.surgery import linear_algebra as algebra
from tests.gradients import array
from tests.surgery.models import randomized, values

X = np.random.default_rng(0).normal(size=(8, 4)).astype("float32")
OPERATIONS = {
    "rebuild": rebuild,
    "fold": fold,
    "convert": lambda model, **o: convert(model, "batch", **o),
    "recalibrate": lambda model, **o: recalibrate(model, X, verbose=False, **o),
}


class Scale(layers.Layer):
    """Its config leaves an argument out."""

    def __init__(self, by=1.0, **options):
        super().__init__(**options)
        self.by = by

    def call(self, x):
        return x * self.by

    def get_config(self):
        return super().get_config()


class Drawn(layers.Layer):
    """Draws in `build` what is no weight."""

    def build(self, shape):
        self.drawn = np.random.default_rng().normal(size=shape[-1:]).astype("float32")

    def call(self, x):
        return x + keras.ops.convert_to_tensor(self.drawn)


class Around(layers.Layer):
    """A composite with such a layer inside."""

    def __init__(self, **options):
        super().__init__(**options)
        self.inner = Drawn(name="drawn")

    def build(self, shape):
        self.inner.build(shape)

    def call(self, x):
        return self.inner(x) * 2.0


class Program(keras.Model):
    """No graph, but a config."""

    def __init__(self, by=1.0, **options):
        super().__init__(**options)
        self.first, self.bn = layers.Dense(3), layers.BatchNormalization()
        self.scale = Scale(by, name="scale")

    def call(self, x, training=None):
        return self.bn(self.scale(self.first(x)), training=training)

    def get_config(self):
        return {}


def graph(layer):
    start = keras.Input((4,))
    return keras.Model(start, layers.BatchNormalization()(layers.Dense(3)(layer(start))))


def nested(layer):
    start = keras.Input((4,))
    return keras.Model(start, layers.Dense(2)(graph(layer)(start)))


def sequential(layer):
    return keras.Sequential(
        [layers.Input((4,)), layer, layers.Dense(3), layers.BatchNormalization()]
    )


LYING = {
    "argument": (lambda: Scale(3.0, name="scale"), "scale"),
    "drawn": (lambda: Drawn(name="drawn"), "drawn"),
    "inside a layer": (lambda: Around(name="around"), "around/drawn"),
}


@pytest.mark.parametrize("around", [graph, nested, sequential])
@pytest.mark.parametrize("kind", LYING)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_copy_that_is_another_layer_is_refused_by_name(operation, kind, around):
    make, name = LYING[kind]
    model = around(make())
    with pytest.raises(ValueError, match=f"{name}'.*computes something else.*get_config"):
        OPERATIONS[operation](model)
    assert OPERATIONS[operation](model, check=False) is not None


def test_a_program_whose_config_leaves_an_argument_out():
    model = Program(3.0)
    model(X)
    with pytest.raises(ValueError, match=r"'scale'.*computes something else"):
        recalibrate(model, X, verbose=False)
    assert len(recalibrate(model, X, verbose=False, in_place=True)[1]) == 1
    fine = Program(1.0)
    fine(X)
    new, _ = recalibrate(fine, X, verbose=False)
    assert new is not fine


def words():
    start = keras.Input((3,), dtype="int32", name="words")
    x = Scale(3.0, name="scale")(layers.Embedding(9, 4)(start))
    return keras.Model(start, layers.BatchNormalization()(layers.Dense(3)(x)))


@pytest.mark.parametrize("operation", [fold, OPERATIONS["convert"]])
def test_inputs_that_are_no_floats_are_compared_where_they_are_given(operation):
    model = words()
    _, report = operation(model)
    assert any("'words' takes int32" in note and "`check`" in note for note in report.notes)
    with pytest.raises(ValueError, match=r"'scale'.*computes something else"):
        operation(model, check=np.array([[1, 2, 3]]))
    _, report = operation(model, check=False)
    assert any("check=False" in note for note in report.notes)


def test_a_wrong_fold_is_refused_by_the_layer_behind_which_it_differs(monkeypatch):
    model = keras.Sequential([
        layers.Input((4,)), layers.Dense(4, activation="tanh", name="fine"), layers.Dense(3),
        layers.BatchNormalization(name="bn"), layers.Activation("tanh"),
    ])  # fmt: skip
    randomized(model)
    right = algebra.Linear.then
    monkeypatch.setattr(algebra.Linear, "then", lambda self, a, b: right(self, a, b + 1))
    with pytest.raises(ValueError, match=r"other outputs than the original, behind layer 'fine'"):
        fold(model)
    assert fold(model, check=False)[1]["bn"]["done"] == "folded"


@pytest.mark.parametrize(("operation", "passes"), [("rebuild", 2), ("fold", 3), ("convert", 2)])
def test_at_most_three_passes_and_the_original_as_it_was(operation, passes):
    seen = []

    class Counting(layers.Layer):
        def call(self, x):
            traced = "Tracer" in type(x).__name__ or "Symbolic" in type(x).__name__
            if not traced and str(getattr(x, "device", "")) != "meta":
                seen.append(x)
            return x

    model = randomized(graph(Counting()))
    before = values(model)
    seen.clear()
    OPERATIONS[operation](model)
    assert len(seen) <= passes
    for old, now in zip(before, values(model), strict=True):
        np.testing.assert_array_equal(old, now)


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_a_right_copy_passes_in_half_precision_too(policy):
    start = keras.Input((4,))
    x = layers.BatchNormalization(dtype=policy)(layers.Dense(8, dtype=policy)(start))
    model = randomized(keras.Model(start, layers.Dense(2, dtype=policy)(x)))
    assert fold(model)[1].rows[0]["done"] == "folded"


def test_sizes_that_are_not_known():
    start = keras.Input((None, None, 3))
    x = layers.BatchNormalization()(layers.Conv2D(4, 3, strides=2)(start))
    model = randomized(keras.Model(start, x))
    _, report = fold(model)
    assert report.notes == []
    with pytest.raises(ValueError, match="computes something else"):
        rebuild(keras.Model(start, Drawn()(model(start))))


def test_noise_in_training_mode_is_compared_without_the_noise():
    start = keras.Input((4,))
    x = layers.Dropout(0.5)(layers.Dense(3)(start), training=True)
    model = keras.Model(start, layers.BatchNormalization()(x))
    assert fold(model)[1].rows[0]["done"] == "left"
    assert array(rebuild(model)(X)).shape == (8, 3)


@pytest.mark.parametrize("operation", ["rebuild", "fold", "convert"])
def test_a_layer_that_trains_by_default_makes_none_after_it_train(operation):
    """Keras hands the default of Resizing on to what follows, where `training` is left open."""
    start = keras.Input((6, 6, 3))
    x = layers.Conv2D(4, 1, use_bias=False)(layers.Resizing(4, 4)(start))
    model = randomized(keras.Model(start, layers.BatchNormalization(name="bn")(x)))
    x = np.random.default_rng(1).normal(2, 3, (2, 6, 6, 3)).astype("float32")
    made = OPERATIONS[operation](model)
    new = made[0] if isinstance(made, tuple) else made
    if operation == "fold":
        assert made[1]["bn"]["done"] == "folded"
        assert made[1].notes == []
    got, wanted = (array(m(x, training=False)) for m in (new, model))
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)
