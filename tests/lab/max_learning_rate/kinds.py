"""Five kinds of model and data, as users have them; each says what it needs besides Keras."""

from __future__ import annotations

import keras
import numpy as np
import pytest

RNG = np.random.default_rng(0)
X = RNG.normal(size=(640, 8)).astype("float32")
Y = (X[:, 0] + X[:, 1] > 0).astype("int32")
IMAGES = RNG.normal(size=(320, 6, 6, 1)).astype("float32")
TOKENS = RNG.integers(1, 12, size=(240, 8))
TOKENS[np.arange(8) >= RNG.integers(3, 9, size=240)[:, None]] = 0  # 0 is padding
LENGTHS = (TOKENS > 0).sum(1, keepdims=True).astype("float32")


def normalized_mlp():
    """Batch normalization, SGD with momentum, one-hot labels."""
    layers = [keras.layers.Dense(16), keras.layers.BatchNormalization(), keras.layers.ReLU()]
    model = keras.Sequential([keras.Input((8,)), *layers, keras.layers.Dense(2, "softmax")])
    model.compile(
        keras.optimizers.SGD(momentum=0.9), "categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def weighted_arrays():
    return X, np.eye(2, dtype="float32")[Y], np.where(Y, 1.2, 0.8).astype("float32")


def convolutions():
    """Integer labels beside logits, and no metric."""
    layers = [keras.layers.Conv2D(8, 3, activation="relu"), keras.layers.GlobalAveragePooling2D()]
    model = keras.Sequential([keras.Input((6, 6, 1)), *layers, keras.layers.Dense(3)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(), loss)
    return model


def tf_dataset():
    tf = pytest.importorskip("tensorflow")
    labels = np.arange(320) % 3
    images = IMAGES + 2 * labels[:, None, None, None].astype("float32")
    return tf.data.Dataset.from_tensor_slices((images, labels)).batch(32)


def regression():
    """A mean square, judged by how far it falls."""
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(), "mse")
    return model


class Batches(keras.utils.PyDataset):
    """Sums of inputs; it is gone through as often as is asked for."""

    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.width, self.passes = width, 0

    def __len__(self):
        return 4

    def __getitem__(self, place):
        x = X[place * 32 : place * 32 + 32, : self.width]
        return x, x.sum(1, keepdims=True)

    def on_epoch_end(self):
        self.passes += 1


def scheduled():
    """One probability, and a cosine schedule with a warm-up."""
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(1, "sigmoid")])
    cosine = keras.optimizers.schedules.CosineDecay(0.0, 20, warmup_target=0.1, warmup_steps=5)
    model.compile(keras.optimizers.AdamW(cosine), "binary_crossentropy", metrics=["accuracy"])
    return model


def loader():
    torch = pytest.importorskip("torch")
    pairs = torch.utils.data.TensorDataset(torch.tensor(X), torch.tensor(Y))
    return torch.utils.data.DataLoader(pairs, batch_size=32)


class Block(keras.layers.Layer):
    """Attention and a second input, which hand the mask on as blocks of transformers do."""

    def __init__(self) -> None:
        super().__init__()
        self.supports_masking = True
        self.attend = keras.layers.MultiHeadAttention(2, 8)
        self.normalize = keras.layers.LayerNormalization()
        self.embed = keras.layers.Dense(16)

    def call(self, x, length, mask=None):
        x = self.normalize(x)
        return x + self.attend(x, x, use_causal_mask=True) + self.embed(length)[:, None]


def transformer():
    """Two inputs by name, tokens padded and masked, a label for each token."""
    tokens = keras.Input((8,), dtype="int32", name="tokens")
    length = keras.Input((1,), name="length")
    x = keras.layers.Embedding(12, 16, mask_zero=True)(tokens)
    model = keras.Model(
        {"tokens": tokens, "length": length}, keras.layers.Dense(12)(Block()(x, length))
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.AdamW(), loss, weighted_metrics=["accuracy"])
    return model


def named_inputs():
    return {"tokens": TOKENS, "length": LENGTHS}, TOKENS


KINDS = {
    "weighted arrays": (normalized_mlp, weighted_arrays),
    "tf.data": (convolutions, tf_dataset),
    "PyDataset": (regression, Batches),
    "DataLoader": (scheduled, loader),
    "transformer": (transformer, named_inputs),
}
SLOW = ("DataLoader", "transformer")  # to compile
EACH = [pytest.param(kind, marks=[pytest.mark.full] * (kind in SLOW)) for kind in KINDS]
