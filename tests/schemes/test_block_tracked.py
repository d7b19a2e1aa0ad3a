"""Blocks where layers are called, not laid into a graph: every scheme trains, saves and loads."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import keras_norms
from benchmarks.specs import every
from keras_norms.schemes import Block
from tests.conformance.case import draw
from tests.gradients import array

SPECS = every()


@keras.saving.register_keras_serializable(package="tests")
class Own(keras.Model):
    """As users write it: a convolution block, then a dense one."""

    def __init__(self, spec, **options):
        super().__init__(**options)
        scheme = keras_norms.get(spec)
        self.spec = spec
        self.one = scheme(keras.layers.Conv2D(16, 3, data_format="channels_last"), "relu")
        self.pool = keras.layers.GlobalAveragePooling2D(data_format="channels_last")
        self.two = keras.layers.Dense(2)

    def call(self, inputs):
        return self.two(self.pool(self.one(inputs)))

    def get_config(self):
        return {"spec": self.spec}


@pytest.fixture(scope="module")
def images():
    return draw((32, 6, 6, 3))


@pytest.mark.parametrize("name", SPECS)
def test_a_block_in_a_subclassed_model_trains_and_is_saved(name, images, tmp_path):
    model = Own(SPECS[name])
    model.compile("sgd", "mse")
    model(images)
    block = model.one
    assert block.weights
    assert {id(w) for layer in block.layers for w in layer.weights} == {
        id(w) for w in block.weights
    }
    assert {id(w) for w in block.weights} <= {id(w) for w in model.weights}
    trained = block.trainable_weights
    before = [array(w) for w in trained]
    model.train_on_batch(images, draw((32, 2)))
    moved = [np.abs(array(w) - old).max() for w, old in zip(trained, before, strict=True)]
    assert max(moved) > 0
    wanted = model.predict_on_batch(images)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(array(loaded(images)), wanted, atol=1e-5)
    model.save_weights(tmp_path / "model.weights.h5")
    fresh = Own(SPECS[name])
    fresh(images)
    fresh.load_weights(tmp_path / "model.weights.h5")
    np.testing.assert_allclose(array(fresh(images)), wanted, atol=1e-5)


@pytest.mark.parametrize("name", SPECS)
@pytest.mark.parametrize("training", [False, True])
def test_called_or_laid_a_block_computes_the_same(name, training, images):
    block = keras_norms.get(SPECS[name])(keras.layers.Dense(16), "relu")
    x = images[:, 0, 0]
    inputs = keras.Input((3,))
    model = keras.Model(inputs, block(inputs))
    assert block not in model.layers
    start = [array(w) for w in model.weights]
    laid = array(model(x, training=training))
    model.set_weights(start)
    np.testing.assert_array_equal(array(block(x, training=training)), laid)


class Seen(keras.layers.Layer):
    """Notes what it is called with."""

    def __init__(self, **options):
        super().__init__(**options)
        self.supports_masking = True
        self.seen = []

    def call(self, inputs, training=None, mask=None):
        self.seen.append((training, mask))
        return inputs


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("through", ["call", "method", "context"])
def test_training_and_the_mask_are_handed_on(training, through):
    seen = Seen()
    block = Block([keras.layers.Dense(4), seen, keras.layers.Activation("relu")])
    x, mask = draw((2, 5, 3)), np.array([[True] * 5, [True, True, False, False, False]])
    if through == "call":
        y = block(x, training=training, mask=keras.ops.convert_to_tensor(mask))
        np.testing.assert_array_equal(array(y._keras_mask), mask)
    elif through == "method":
        block.build(x.shape)
        block.call(keras.ops.convert_to_tensor(x), training=training, mask=mask)
    else:
        hidden = x * mask[..., None]
        keras.Sequential([keras.layers.Masking(), block])(hidden, training=training)
    assert bool(seen.seen[-1][0]) is training
    np.testing.assert_array_equal(array(seen.seen[-1][1]), mask)


def test_a_mask_ends_at_a_layer_that_supports_none():
    seen = Seen()
    block = Block([keras.layers.Conv1D(4, 3), seen])
    block.build((2, 5, 3))
    block.call(keras.ops.convert_to_tensor(draw((2, 5, 3))), mask=np.ones((2, 5), bool))
    assert seen.seen[-1] == (None, None)
    assert not block.supports_masking


@pytest.mark.parametrize("name", SPECS)
def test_sequential_takes_a_block(name, images, tmp_path):
    scheme = keras_norms.get(SPECS[name])
    x = images[:, 0, 0]
    first, second = (scheme(keras.layers.Dense(16), "relu") for _ in range(2))
    model = keras.Sequential([keras.Input((3,)), first, second])
    assert {id(w) for w in [*first.weights, *second.weights]} == {id(w) for w in model.weights}
    wanted = array(model(x))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert [type(layer) for layer in loaded.layers] == [Block, Block]
    np.testing.assert_allclose(array(loaded(x)), wanted, atol=1e-6)
    clone = keras.models.clone_model(model)
    clone.set_weights(model.get_weights())
    np.testing.assert_allclose(array(clone(x)), wanted, atol=1e-6)


@pytest.mark.parametrize("name", SPECS)
def test_time_distributed_takes_a_block(name, images):
    block = keras_norms.get(SPECS[name])(keras.layers.Dense(16), "relu")
    steps = images[:, :2, 0]
    model = keras.layers.TimeDistributed(block)
    got = array(model(steps))
    assert got.shape == (32, 2, 16) == model.compute_output_shape(steps.shape)
    assert {id(w) for w in model.weights} == {id(w) for w in block.weights}
    for step in range(2):
        np.testing.assert_allclose(got[:, step], array(block(steps[:, step])), atol=1e-6)


def test_a_block_keeps_the_precision_of_its_layers():
    block = Block([keras.layers.Dense(4, dtype="mixed_bfloat16")])
    assert keras.backend.standardize_dtype(block(draw((3, 2))).dtype) == "bfloat16"
    block = Block([keras.layers.Dense(4, dtype="float64")])
    x = keras.ops.convert_to_tensor(draw((3, 2)).astype("float64"))
    assert block(x).dtype == block.layers[0](x).dtype


def test_freezing_and_the_config():
    block = keras_norms.get("ws+batch:momentum=0.5")(keras.layers.Dense(4), "relu")
    block.build((None, 3))
    block.trainable = False
    assert block.trainable_weights == []
    copy = Block.from_config(block.get_config())
    assert [type(layer) for layer in copy.layers] == [type(layer) for layer in block.layers]
    assert copy.layers[1].momentum == 0.5
    assert copy.get_config() == block.get_config()
    assert block.compute_output_shape((7, 3)) == (7, 4)


@pytest.mark.parametrize("layers", [[], ["relu"], [keras.layers.Dense]])
def test_what_is_no_block(layers):
    with pytest.raises(ValueError, match="layers"):
        Block(layers)
