"""A layer's pass in float64 on the running backend, to be laid beside a paper's formula."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import keras
import numpy as np

from benchmarks.ioffe2015.steps import array, double
from benchmarks.speed.passes import backward
from keras_norms import layers


class Pass(NamedTuple):
    """Output and gradients of one pass in training, and the weights it was made with, by name."""

    y: np.ndarray
    dx: np.ndarray
    gradients: dict[str, np.ndarray]
    weights: dict[str, np.ndarray]


class Effective(keras.layers.Layer):
    """`x @ kernel`, with the kernel that a reparameterized Dense layer computes with.

    Keras's Dense multiplies in float32 on torch.
    """

    def __init__(self, wrapper: Any) -> None:
        super().__init__(dtype="float64")
        self.wrapper = wrapper

    def build(self, shape: tuple[int, ...]) -> None:
        self.wrapper.build(shape)

    def call(self, x: Any, training: bool | None = None) -> Any:
        return x @ self.wrapper.effective_kernels()["kernel"]


def passed(
    kind: str,
    x: np.ndarray,
    dy: np.ndarray | None = None,
    *,
    weights: Mapping[str, Any] | None = None,
    seed: int = 0,
    **options: Any,
) -> Pass:
    """One pass in training of a layer of `keras_norms.layers`.

    Args:
        kind: the class's name.
        dy: gradient of the output; ones where None.
        weights: values by name, remembered ones among them; random where None.
        seed: of the trained weights, normal around 1.
        **options: of the layer.
    """
    with double():
        return through(getattr(layers, kind)(dtype="float64", **options), x, dy, weights, seed)


def through(
    layer: keras.layers.Layer,
    x: np.ndarray,
    dy: np.ndarray | None = None,
    weights: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> Pass:
    """The same of a layer that is there already; call it inside `double()`."""
    layer.built or layer.build(x.shape)
    give(layer, weights, seed)
    modes = backward(layer, weights=True)
    run = modes.get("eager") or modes["jit"]
    dy = np.ones(x.shape) if dy is None else dy
    y, dx, *slopes = map(array, run(*map(keras.ops.convert_to_tensor, (x, dy))))
    trained = [*layer.trainable_variables]
    gradients = {v.name: slope for v, slope in zip(trained, slopes, strict=True)}
    return Pass(y, dx, gradients, {v.name: array(v.value) for v in trained})


def inferred(
    kind: str, x: np.ndarray, *, weights: Mapping[str, Any] | None = None, seed: int = 0,
    **options: Any,
) -> np.ndarray:  # fmt: skip
    """The output at inference."""
    with double():
        layer = getattr(layers, kind)(dtype="float64", **options)
        layer.build(x.shape)
        give(layer, weights, seed)
        return array(layer(keras.ops.convert_to_tensor(x), training=False))


def give(layer: keras.layers.Layer, weights: Mapping[str, Any] | None, seed: int) -> None:
    """Values by name, the others unchanged; trained weights are random where None."""
    if weights is None:
        draw = np.random.default_rng((seed, 1))
        weights = {v.name: draw.normal(1.0, 0.3, v.shape) for v in layer.trainable_variables}
    known = {variable.name: variable for variable in layer.variables}
    for name, value in weights.items():
        known[name].assign(np.broadcast_to(value, known[name].shape))


def remembered(
    kind: str, x: np.ndarray, *, weights: Mapping[str, Any] | None = None, **options: Any
) -> dict[str, np.ndarray]:
    """What a layer remembers after one batch, by name."""
    with double():
        layer = getattr(layers, kind)(dtype="float64", **options)
        layer.build(x.shape)
        give(layer, weights, 0)
        layer(keras.ops.convert_to_tensor(x), training=True)
        return {v.name: array(v.value) for v in layer.non_trainable_variables}
