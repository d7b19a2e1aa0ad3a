"""The architectures of `keras.applications`, as small as each of them goes."""

from __future__ import annotations

import inspect

import keras
import numpy as np

SIDES = (32, 71, 75)  # of the image: the smallest that an architecture takes is one of these
CLASSES = 10
EXAMPLES = 8  # whose statistics the normalizers are given


def names() -> list[str]:
    """Every architecture of `keras.applications`, in alphabetical order."""
    return [name for name, _ in inspect.getmembers(keras.applications, inspect.isfunction)]


def built(name: str) -> keras.Model:
    """The architecture with random weights, all of its layers but a softmax, and ten classes."""
    make = getattr(keras.applications, name)
    for side in SIDES:
        try:
            return make(
                input_shape=(side, side, 3),
                weights=None,
                classes=CLASSES,
                classifier_activation=None,
            )
        except ValueError as error:
            refused = error  # what else is wrong is wrong with every side
    raise refused


def images(model: keras.Model, number: int, seed: int = 0) -> np.ndarray:
    """Smooth random images of pixel values from 0 to 255, which the architectures are made for.

    Of independent pixels all images would look the same to a deep layer.
    """
    _, *side, channels = model.input_shape
    coarse = np.random.default_rng(seed).uniform(0, 255, (number, 4, 4, channels))
    fine = keras.ops.image.resize(coarse.astype("float32"), side, "bilinear")
    return keras.ops.convert_to_numpy(fine)


def unsettle(model: keras.Model, seed: int = 1) -> None:
    """Give each batch normalization a gamma, beta and statistics as training could have left them.

    The statistics are those of some images, so that a signal neither dies nor explodes on its way
    through hundreds of layers, put off at random: means by a tenth of a deviation, deviations by
    up to a tenth.
    """
    rng = np.random.default_rng(seed)
    found = [
        layer
        for layer in model._flatten_layers()
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    momenta = [layer.momentum for layer in found]
    for layer in found:
        for variable, low, high in ((layer.gamma, 0.5, 1.5), (layer.beta, -0.5, 0.5)):
            if variable is not None:
                variable.assign(rng.uniform(low, high, variable.shape))
        layer.momentum = 0.0
    model(images(model, EXAMPLES), training=True)
    for layer, momentum in zip(found, momenta, strict=True):
        layer.momentum = momentum
        mean, variance = (
            keras.ops.convert_to_numpy(v) for v in (layer.moving_mean, layer.moving_variance)
        )
        layer.moving_mean.assign(mean + 0.1 * np.sqrt(variance) * rng.normal(size=mean.shape))
        layer.moving_variance.assign(variance * rng.uniform(0.9, 1.1, mean.shape) ** 2)
