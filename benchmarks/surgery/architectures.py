"""The architectures of `keras.applications`, as small as each of them goes."""

from __future__ import annotations

import inspect

import keras

SIDES = (32, 71, 75)  # of the image: the smallest that an architecture takes is one of these
CLASSES = 10


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
