"""Small transformers: a character model and a vision transformer of one block."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import layers, ops

from keras_norms.lab.models.blocks import classifier, normalized
from keras_norms.lab.models.initializers import kernel_initializer
from keras_norms.schemes import Scheme

SMALL = 0.02  # standard deviation of embeddings, as in GPT-2 and ViT
HIDDEN = 4  # times the width, between the two layers of a perceptron


@keras.saving.register_keras_serializable(package="keras_norms.lab")
class Attention(layers.Layer):
    """`softmax(q k^T / sqrt(d)) v` of each head; shapes (batch, time, heads, d).

    Args:
        causal: whether a position sees itself and what is before it alone.
    """

    def __init__(self, causal: bool, **options: Any) -> None:
        super().__init__(**options)
        self.causal = causal

    def call(self, q: Any, k: Any, v: Any) -> Any:
        scores = ops.einsum("bthd,bshd->bhts", q, k) / math.sqrt(q.shape[-1])
        if self.causal:
            place = ops.arange(q.shape[1])
            scores = ops.where(place[:, None] >= place[None], scores, -1e9)
        return ops.einsum("bhts,bshd->bthd", ops.softmax(scores), v)

    def compute_output_shape(self, q_shape: Any, k_shape: Any, v_shape: Any) -> Any:
        return q_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "causal": self.causal}


@keras.saving.register_keras_serializable(package="keras_norms.lab")
class Positions(layers.Layer):
    """Adds a learned vector to each position."""

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        small = keras.initializers.RandomNormal(stddev=SMALL)
        self.positions = self.add_weight(
            name="embeddings", shape=input_shape[1:], initializer=small
        )

    def call(self, x: Any) -> Any:
        return x + ops.cast(self.positions, x.dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


def char_transformer(
    scheme: Scheme,
    *,
    depth: int,
    width: int = 64,
    input_shape: tuple[int, ...],
    classes: int,
    activation: str = "gelu",
    dropout: float = 0.0,
    heads: int = 4,
    norm: str = "pre",
    qk_norm: bool = False,
) -> keras.Model:
    """The next character at each position, from those before: `depth` causal blocks.

    See `blocks`. The logits have the shape (batch, context, classes).
    """
    inputs = keras.Input(input_shape, dtype="int32")
    small = keras.initializers.RandomNormal(stddev=SMALL)
    x = Positions()(layers.Embedding(classes, width, embeddings_initializer=small)(inputs))
    x = blocks(scheme, x, depth, heads, activation, norm, qk_norm, causal=True)
    return classifier(x, inputs, classes, dropout, "char_transformer")


def vit(
    scheme: Scheme,
    *,
    depth: int,
    width: int = 64,
    input_shape: tuple[int, ...],
    classes: int,
    activation: str = "gelu",
    dropout: float = 0.0,
    patch: int = 4,
    heads: int = 4,
    norm: str = "pre",
    qk_norm: bool = False,
) -> keras.Model:
    """A small ViT (Dosovitskiy et al. 2021): patches, learned positions, `depth` blocks, average.

    Raises:
        ValueError: images that `patch` does not divide.
    """
    if input_shape[0] % patch or input_shape[1] % patch:
        raise ValueError(f"patch={patch} does not divide images of {input_shape[:2]} pixels")
    inputs = keras.Input(input_shape)
    cut = layers.Conv2D(
        width, patch, strides=patch, kernel_initializer=kernel_initializer("linear")
    )
    x = layers.Reshape((-1, width))(cut(inputs))
    x = blocks(scheme, Positions()(x), depth, heads, activation, norm, qk_norm, causal=False)
    x = layers.GlobalAveragePooling1D()(x)
    return classifier(x, inputs, classes, dropout, "vit")


def blocks(
    scheme: Scheme,
    x: Any,
    depth: int,
    heads: int,
    activation: str,
    norm: str,
    qk_norm: bool,
    *,
    causal: bool,
) -> Any:
    """Transformer blocks over (batch, time, width), and the last normalizer.

    With `f` the attention or the perceptron, `N` the scheme's normalizer, `l` the block from 1:

        pre      x + f(N(x))                  and N at the end
        scaled   x + f(N(x) / sqrt(l))        and N at the end (Sun et al. 2025, arXiv 2502.05795)
        post     N(x + f(x))                  (Vaswani et al. 2017)
        peri     x + N(f(N(x)))               and N at the end (Kim et al. 2025, arXiv 2502.02732)

    A weight reparameterization is around every dense layer. With `qk_norm` the queries and keys of
    each head are normalized (Dehghani et al. 2023, arXiv 2302.05442).

    Raises:
        ValueError: heads that do not divide the width.
    """
    if x.shape[-1] % heads:
        raise ValueError(f"heads={heads} do not divide width={x.shape[-1]}")

    def normalize(y: Any) -> Any:
        return normalized(scheme, y, None, layers.Dense)

    for block in range(1, depth + 1):
        for sub in ("attention", "perceptron"):
            before = x if norm == "post" else normalize(x)
            if norm == "scaled":
                before = layers.Rescaling(1 / math.sqrt(block))(before)
            if sub == "attention":
                added = _attention(scheme, before, heads, qk_norm, causal)
            else:
                added = _perceptron(scheme, before, activation)
            added = normalize(added) if norm == "peri" else added
            x = layers.Add()([x, added])
            x = normalize(x) if norm == "post" else x
    return x if norm == "post" else normalize(x)


def _attention(scheme: Scheme, x: Any, heads: int, qk_norm: bool, causal: bool) -> Any:
    time, width = x.shape[1:]

    def projected(normalize: bool) -> Any:
        y = layers.Reshape((time, heads, width // heads))(_dense(scheme, x, width, "linear"))
        return normalized(scheme, y, None, layers.Dense) if normalize else y

    seen = Attention(causal)(projected(qk_norm), projected(qk_norm), projected(False))
    return _dense(scheme, layers.Reshape((time, width))(seen), width, "linear")


def _perceptron(scheme: Scheme, x: Any, activation: str) -> Any:
    width = x.shape[-1]
    hidden = layers.Activation(activation)(_dense(scheme, x, HIDDEN * width, "linear"))
    return _dense(scheme, hidden, width, "linear")


def _dense(scheme: Scheme, x: Any, units: int, activation: str) -> Any:
    return scheme.wrap(layers.Dense(units, kernel_initializer=kernel_initializer(activation)))(x)
