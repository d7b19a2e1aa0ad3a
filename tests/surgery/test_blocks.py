"""Fold and convert reach into layers made of layers, where their calls can be read."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_norms.layers import BatchNormalization, GroupNormalization
from keras_norms.surgery import convert, fold
from tests.gradients import array
from tests.surgery.models import randomized

X = np.random.default_rng(0).normal(1, 2, (4, 8, 8, 3)).astype("float32")


class ConvNormalized(layers.Layer):
    """Convolution, batch normalization, activation."""

    def __init__(self, filters, activation="relu", **options):
        super().__init__(**options)
        self.filters, self.activation = filters, activation
        same = {"dtype": self.dtype_policy}
        self.conv = layers.Conv2D(filters, 3, padding="same", use_bias=False, name="conv", **same)
        self.norm = layers.BatchNormalization(name="norm", **same)
        self.act = layers.Activation(activation, name="act", **same)

    def build(self, shape):
        self.conv.build(shape)
        self.norm.build((*shape[:-1], self.filters))

    def call(self, inputs, training=None):
        return self.act(self.norm(self.conv(inputs), training=training))

    def compute_output_shape(self, shape):
        return (*shape[:-1], self.filters)

    def get_config(self):
        config = {"filters": self.filters, "activation": self.activation}
        return {**super().get_config(), **config}


class Inverted(layers.Layer):
    """Blocks in a list, squeeze and excitation by a layer made in the call, a sum."""

    def __init__(self, filters, own_norm=BatchNormalization, **options):
        super().__init__(**options)
        self.filters = filters
        self.steps = [ConvNormalized(filters, name=f"step_{i}") for i in range(2)]
        self.deep = layers.DepthwiseConv2D(3, padding="same", name="deep")
        self.norm = own_norm(name="norm")
        self.squeeze = layers.Dense(filters, activation="sigmoid", name="squeeze")

    def build(self, shape):
        for step in (*self.steps, self.deep, self.norm):
            step.build(shape)
            shape = step.compute_output_shape(shape)
        self.squeeze.build((None, self.filters))

    def call(self, inputs):
        x = inputs
        for step in self.steps:
            x = step(x)
        x = self.norm(self.deep(x))
        pooled = layers.GlobalAveragePooling2D(keepdims=True, name=f"{self.name}_pool")(x)
        return ops.add(x * self.squeeze(pooled), inputs)

    def compute_output_shape(self, shape):
        return shape

    def get_config(self):
        return {**super().get_config(), "filters": self.filters}


def model(*blocks, size=8, cls=keras.Model):
    inputs = keras.Input((size, size, 3))
    x = inputs
    for block in blocks:
        x = block(x)
    return randomized(cls(inputs, layers.GlobalAveragePooling2D()(x)))


@pytest.mark.parametrize("size", [8, None])
def test_fold_reaches_inside(size, tmp_path):
    made = model(ConvNormalized(3, name="first"), Inverted(3, name="second"), size=size)
    before = [w.copy() for w in made.get_weights()]
    new, report = fold(made)
    np.testing.assert_allclose(array(new(X)), array(made(X)), rtol=1e-4, atol=1e-5)
    assert [row["done"] for row in report] == ["folded"] * 4, str(report)
    assert "second/step_0/norm" in [row["layer"] for row in report]
    assert not [m for m in new._flatten_layers() if "Normalization" in type(m).__name__]
    for one, other in zip(before, made.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    new.save(tmp_path / "folded.keras")  # blocks are models now: a file needs no class of a block
    loaded = keras.models.load_model(tmp_path / "folded.keras")
    np.testing.assert_allclose(array(loaded(X)), array(new(X)), atol=1e-6)


def test_convert_reaches_inside_and_trains():
    made = model(ConvNormalized(3, name="first"), Inverted(3, name="second"))
    new, report = convert(made, "group:3")
    assert [row["done"] for row in report] == ["converted"] * 4, str(report)
    found = [m for m in new._flatten_layers() if isinstance(m, GroupNormalization)]
    assert len(found) == 4
    by_name = {m.name: m for m in made.layers}
    np.testing.assert_array_equal(array(found[0].gamma), array(by_name["first"].norm.gamma))
    new.compile("sgd", "mse")
    new.fit(X, np.zeros((4, 3)), verbose=0)
    assert not np.array_equal(array(found[0].gamma), array(by_name["first"].norm.gamma))


def test_batch_to_batch_is_the_same_in_training_too():
    """The block's own way of training is kept: statistics of the batch, averages moved."""
    made = model(ConvNormalized(3, name="first"), Inverted(3, name="second"))
    new, _ = convert(made, "batch")
    for training in (False, True):
        got, wanted = (array(m(X, training=training)) for m in (new, made))
        np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)
    for one, other in zip(norms_everywhere(new), norms_everywhere(made), strict=True):
        np.testing.assert_allclose(array(one.moving_mean), array(other.moving_mean), atol=1e-5)


def norms_everywhere(model):
    kinds = (layers.BatchNormalization, BatchNormalization)
    return [m for m in model._flatten_layers() if isinstance(m, kinds)]


def test_what_is_not_changed_stays_the_block_it_was():
    made = model(ConvNormalized(3, name="first"), ConvNormalized(3, name="second"))
    new, report = convert(made, "group:3", where=["first/norm"])
    assert [row["layer"] for row in report] == ["first/norm"]
    assert type(new.get_layer("second")) is ConvNormalized
    assert isinstance(new.get_layer("first"), keras.Model)
    untouched = model(ConvNormalized(3, activation="relu", name="first"))
    untouched.get_layer("first").norm.moving_variance.assign([np.nan, 1.0, 1.0])
    new, _ = fold(untouched, check=False)
    assert type(new.get_layer("first")) is ConvNormalized


def test_a_shared_block_is_folded_once():
    block = ConvNormalized(3, name="twice")
    made = model(block, block)
    new, report = fold(made)
    assert [row["done"] for row in report] == ["folded"]
    np.testing.assert_allclose(array(new(X)), array(made(X)), rtol=1e-4, atol=1e-5)


def test_half_precision():
    policy = "mixed_float16"
    made = model(ConvNormalized(3, name="first", dtype=policy))
    new, report = fold(made)
    assert report["first/norm"]["done"] == "folded"
    np.testing.assert_allclose(array(new(X)), array(made(X)), rtol=2e-2, atol=2e-2)


class Backbone(keras.Model):
    """A graph of blocks that its constructor makes, with outputs on the way."""

    def __init__(self, filters=3, **options):
        inputs = keras.Input((None, None, 3))
        first = ConvNormalized(filters, name="first")(inputs)
        second = Inverted(filters, name="second")(first)
        super().__init__(inputs, second, **options)
        self.filters = filters
        self.pyramid_outputs = {"P1": first, "P2": second}

    def get_config(self):
        return {"filters": self.filters, "name": self.name}


@pytest.mark.parametrize("operation", ["fold", "convert"])
def test_the_class_of_the_model_stays(operation):
    """With what hangs on it: the outputs on the way, of the new layers."""
    made = randomized(Backbone(name="backbone"))
    new, report = fold(made) if operation == "fold" else convert(made, "batch")
    assert {row["done"] for row in report} <= {"folded", "converted"}, str(report)
    assert type(new) is Backbone
    assert new.filters == 3
    wanted = keras.Model(made.inputs, made.pyramid_outputs)(X)
    found = keras.Model(new.inputs, new.pyramid_outputs)(X)
    for name, value in wanted.items():
        np.testing.assert_allclose(array(found[name]), array(value), rtol=1e-4, atol=1e-5)
    assert len(new.variables) == len({id(v) for v in new.variables})
    if operation == "fold":
        assert not norms_everywhere(new)


class Pooled(layers.Layer):
    """Parallel paths, one of them pooled and resized again by a layer made in the call."""

    def __init__(self, filters, **options):
        super().__init__(**options)
        self.filters = filters
        self.paths = [
            keras.Sequential([
                layers.Conv2D(filters, 1, use_bias=False, name=f"conv_{i}"),
                layers.BatchNormalization(name=f"norm_{i}"),
            ])
            for i in range(3)
        ]  # fmt: skip

    def build(self, shape):
        self.paths[0].build(shape)
        self.paths[1].build((shape[0], 1, 1, shape[-1]))
        self.paths[2].build((*shape[:-1], 2 * self.filters))

    def call(self, inputs):
        pooled = self.paths[1](ops.mean(inputs, axis=(1, 2), keepdims=True))
        resized = layers.Resizing(*inputs.shape[1:3], name="resized")(pooled)
        return self.paths[2](ops.concatenate([self.paths[0](inputs), resized], axis=-1))

    def compute_output_shape(self, shape):
        return (*shape[:-1], self.filters)

    def get_config(self):
        return {**super().get_config(), "filters": self.filters}


def test_a_layer_in_a_block_that_trains_by_default_makes_none_after_it_train():
    made = model(Pooled(4, name="pool"))
    new, report = fold(made)
    assert [row["done"] for row in report] == ["folded"] * 3, str(report)
    got, wanted = (array(m(X, training=False)) for m in (new, made))
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)
