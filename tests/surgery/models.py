"""Small models for surgery, with statistics and weights that are not the initial ones."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers

from tests.gradients import array

# By name of the weight: kernels stay as they are.
SHIFTS = ("moving_mean", "beta", "bias")
SCALES = ("moving_variance", "gamma")


def randomized(model: keras.Model, seed: int = 0) -> keras.Model:
    """The model with random gamma, beta, biases and moving statistics."""
    draw = np.random.default_rng(seed)
    for variable in model.weights:
        if variable.name in SHIFTS:
            variable.assign(draw.normal(0, 0.5, variable.shape))
        elif variable.name in SCALES:
            variable.assign(draw.uniform(0.5, 1.5, variable.shape))
    return model


def example(model: keras.Model, batch: int = 3, seed: int = 1) -> list[np.ndarray]:
    """Random inputs for a model, small integers where it takes integers."""
    draw = np.random.default_rng(seed)
    shapes = [(batch, *tensor.shape[1:]) for tensor in model.inputs]
    return [
        draw.integers(0, 4, shape) if "int" in tensor.dtype else draw.normal(0, 1, shape)
        for tensor, shape in zip(model.inputs, shapes, strict=True)
    ]


def outputs(model: keras.Model, inputs: list[np.ndarray] | None = None) -> list[np.ndarray]:
    """What a model puts out at inference, as a flat list."""
    inputs = example(model) if inputs is None else inputs
    given = [x.astype(t.dtype) for x, t in zip(inputs, model.inputs, strict=True)]
    given = given[0] if len(given) == 1 else given
    return [array(y) for y in keras.tree.flatten(model(given, training=False))]


def assert_agree(new: keras.Model, old: keras.Model, tolerance: float = 1e-5) -> None:
    """The outputs differ by less than `tolerance` of their largest value; zero: by nothing."""
    for y, expected in zip(outputs(new), outputs(old), strict=True):
        if not tolerance:
            np.testing.assert_array_equal(y, expected)
        else:
            np.testing.assert_allclose(y, expected, rtol=0, atol=tolerance * np.abs(expected).max())


def kinds(model: keras.Model) -> list[str]:
    """The classes of the layers, without inputs."""
    names = [type(layer).__name__ for layer in model.layers]
    return [name for name in names if name != "InputLayer"]


def values(model: keras.Model) -> list[np.ndarray]:
    return [array(variable) for variable in model.variables]


def network(batch=layers.BatchNormalization):
    """A residual convolutional network with four normalizers."""
    x = start = keras.Input((8, 8, 4))
    x = layers.Conv2D(8, 3, padding="same", use_bias=False, name="stem")(x)
    x = layers.ReLU(name="relu")(batch(name="bn", epsilon=0.01, momentum=0.7)(x))
    y = layers.Conv2D(8, 3, padding="same", name="conv")(x)
    x = layers.Add()([x, batch(name="last")(y)])
    x = layers.GlobalAveragePooling2D()(layers.Activation("relu")(x))
    x = layers.LeakyReLU(name="leaky_re_lu")(
        batch(name="dense_bn", scale=False)(layers.Dense(6, name="dense")(x))
    )
    return randomized(keras.Model(start, layers.Dense(3, name="head")(x)))
