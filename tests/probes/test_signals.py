"""The diagnosis of broken networks and of sound ones, and that nothing of a model changes."""

from __future__ import annotations

import random

import keras
import numpy as np
import pytest
from keras import layers

from keras_norms import schemes
from keras_norms.probes import signals
from keras_norms.probes.propagation import activation_variance, cosine_similarity, stable_rank

SIZE, WIDTH = 8, 16


def images(count: int = 12, size: int = SIZE) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(count, size, size, 3)).astype(np.float32)


def plain(scheme: str, depth: int, size: int = SIZE) -> keras.Model:
    """Convolutions without shortcuts."""
    x = inputs = keras.Input((size, size, 3))
    for _ in range(depth):
        linear = layers.Conv2D(WIDTH, 3, padding="same", kernel_initializer=he())
        x = schemes.get(scheme)(linear, "relu")(x)
    return keras.Model(inputs, layers.Dense(4)(layers.GlobalAveragePooling2D()(x)))


def residual(scheme: str, blocks: int) -> keras.Model:
    """A convolution, blocks of two of them, a head."""
    inputs = keras.Input((SIZE, SIZE, 3))
    x = layers.Conv2D(WIDTH, 3, padding="same", kernel_initializer=he())(inputs)
    for _ in range(blocks):
        y = x
        for activation in ("relu", None):
            linear = layers.Conv2D(WIDTH, 3, padding="same", kernel_initializer=he())
            y = schemes.get(scheme)(linear, activation)(y)
        x = layers.Activation("relu")(layers.Add()([x, y]))
    return keras.Model(inputs, layers.Dense(4)(layers.GlobalAveragePooling2D()(x)))


def he() -> keras.initializers.Initializer:
    return keras.initializers.HeNormal(seed=random.randrange(10**9))


class Perceptron(keras.Model):
    """A program: its layers and their order are known to it alone."""

    def __init__(self, depth: int, normalized: bool) -> None:
        super().__init__()
        # Without normalizers each layer leaves half of the variance.
        self.hidden = [layers.Dense(64) for _ in range(depth)]
        self.norms = [layers.BatchNormalization() for _ in range(depth * normalized)]
        self.drop = layers.Dropout(0.2)
        self.head = layers.Dense(3, activation="softmax")

    def call(self, x, training=False):
        for k, linear in enumerate(self.hidden):
            x = linear(x)
            x = self.norms[k](x, training=training) if self.norms else x
            x = keras.ops.relu(x)
        return self.head(self.drop(x, training=training))


def transformer(depth: int = 2, width: int = 32, time: int = 12) -> keras.Model:
    """Small, with layer normalization before each sublayer, of Keras's own layers."""
    inputs = keras.Input((time,), dtype="int32")
    x = layers.Embedding(50, width)(inputs)
    for _ in range(depth):
        y = layers.LayerNormalization()(x)
        x = layers.Add()([x, layers.MultiHeadAttention(2, width // 2)(y, y)])
        y = layers.Dense(4 * width, activation="gelu")(layers.LayerNormalization()(x))
        x = layers.Add()([x, layers.Dense(width)(y)])
    x = layers.GlobalAveragePooling1D()(layers.LayerNormalization()(x))
    return keras.Model(inputs, layers.Dense(5)(x))


@pytest.fixture(autouse=True)
def weights():
    keras.utils.set_random_seed(3)


@pytest.mark.parametrize(("make", "expected"), [
    (lambda: residual("none", 29), "growth"),
    (lambda: plain("instance", 20, 2), "gradients"),
    (lambda: plain("group:1", 40), "collapse"),
], ids=["no normalizer, 60 layers", "groups of one channel", "one group at depth"])  # fmt: skip
def test_what_is_broken_on_purpose_is_named(make, expected):
    model = make()
    found = signals(model, images(size=model.input_shape[1]))
    assert expected in found.risks
    assert f"{expected.capitalize()} at risk" in str(found)
    assert ("growth" in found.risks) == (expected == "growth")


@pytest.mark.full
@pytest.mark.parametrize("make", [
    lambda: residual("batch", 12), lambda: residual("group:8", 12), lambda: plain("batch", 12),
    lambda: plain("group:8", 8),
], ids=["batch", "group", "plain batch", "plain group"])  # fmt: skip
def test_what_is_sound_raises_no_alarm(make):
    found = signals(make(), images())
    assert found.risks == ()
    assert "No principle is at risk" in str(found)


@pytest.mark.full
@pytest.mark.once
@pytest.mark.parametrize("name", ["ResNet50V2", "MobileNetV2"])
def test_published_networks_raise_no_alarm(name):
    model = getattr(keras.applications, name)(weights=None, input_shape=(64, 64, 3), classes=10)
    assert signals(model, smooth(8, 64)).risks == ()


def smooth(count: int, size: int) -> np.ndarray:
    """Images whose neighbouring pixels are alike, as those of cameras."""
    small = np.random.default_rng(0).normal(size=(count, 8, 8, 3)).astype(np.float32)
    return keras.ops.convert_to_numpy(keras.ops.image.resize(small, (size, size)))


def test_a_transformer_of_tokens():
    tokens = np.random.default_rng(0).integers(0, 50, (8, 12)).astype(np.int32)
    found = signals(transformer(), tokens)
    assert found.risks == ()
    assert len(found) == 2 * 6 + 1


@pytest.mark.full
def test_a_program_and_a_chain_of_layers():
    x = np.random.default_rng(0).normal(size=(32, 10)).astype(np.float32)
    for depth, normalized, expected in ((4, True, ()), (20, False, ("growth",))):
        model = Perceptron(depth, normalized)
        model(x)
        found = signals(model, x)
        assert len(found) == depth + 1
        assert found.risks == expected
    chain = keras.Sequential([keras.Input((10,)), layers.Dense(8, activation="relu"),
                              layers.BatchNormalization(), layers.Dense(2)])  # fmt: skip
    found = signals(chain, (x, np.zeros(32)), examples=7)
    outputs = keras.ops.convert_to_numpy(chain.layers[0](x[:7]))
    row = found[chain.layers[0].name]
    # The layer's own activation is part of what it puts out.
    assert row["variance"] == pytest.approx(activation_variance(outputs), rel=1e-4)
    assert row["similarity"] == pytest.approx(cosine_similarity(outputs), abs=1e-5)
    assert row["rank"] == pytest.approx(stable_rank(outputs), rel=1e-4)


@pytest.mark.parametrize("compiled", [False, True])
def test_nothing_of_the_model_changes(compiled):
    x = np.random.default_rng(0).normal(size=(16, 10)).astype(np.float32)
    model = Perceptron(3, True)
    model(x)
    if compiled:
        model.compile("sgd", "sparse_categorical_crossentropy")
    before = [np.array(keras.ops.convert_to_numpy(v)) for v in model.variables]
    state = random.getstate()
    first, second = signals(model, x), signals(model, x)
    assert first.rows == second.rows
    assert random.getstate() == state
    for one, variable in zip(before, model.variables, strict=True):
        np.testing.assert_array_equal(one, keras.ops.convert_to_numpy(variable))
    assert all("call" not in layer.__dict__ for layer in model.layers)


@pytest.mark.full
def test_inputs_that_are_alike_are_not_the_network_s_fault():
    found = signals(plain("group:1", 40), 20 + images())
    assert "collapse" not in found.risks
    assert "inputs themselves" in str(found)


@pytest.mark.parametrize(("model", "data", "said"), [
    (lambda: Perceptron(2, True), np.ones((4, 3)), "not built"),
    (lambda: plain("none", 2), images(1), "two examples or more"),
    (lambda: keras.Sequential([keras.Input((3,)), layers.ReLU()]), np.ones((4, 3)), "no layer"),
])  # fmt: skip
def test_what_cannot_be_seen_is_named(model, data, said):
    with pytest.raises(ValueError, match=said):
        signals(model(), data)
