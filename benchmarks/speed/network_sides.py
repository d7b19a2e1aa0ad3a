"""Whole training steps: networks with each normalizer, against the same without."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers

import keras_norms
from benchmarks.speed.cells import FLOOR, NONE, NONE_AGAIN, Cell
from benchmarks.speed.native import Floor
from benchmarks.speed.passes import training
from keras_norms.lab.models.blocks import classifier, conv_unit
from keras_norms.lab.models.resnet import resnet

# The floor: one pass forward, one back, in the normalizer's place; nothing trained in it.
# Layer normalization as its paper has it, over the whole example, and as Keras has it.
SPECS = {
    NONE: "none",
    FLOOR: Floor,
    "batch": "batch:momentum=0.9",
    "group": "group:8",
    "layer": "layer",
    "layer over channels": "layer:axis=-1",
    NONE_AGAIN: "none",
}
WIDTH, CLASSES = 64, 10


def conv8(spec: Any, input_shape: tuple[int, ...]) -> keras.Model:
    """Eight 3x3 convolutions of 64 filters, each normalized, with ReLU; pooling; a linear head."""
    scheme = keras_norms.get(spec)
    x = inputs = keras.Input(input_shape)
    for _ in range(8):
        x = conv_unit(scheme, x, WIDTH, 3, "relu")
    return classifier(layers.GlobalAveragePooling2D()(x), inputs, CLASSES, 0.0, "conv8")


def resnet20(spec: Any, input_shape: tuple[int, ...]) -> keras.Model:
    return resnet(keras_norms.get(spec), depth=20, input_shape=input_shape, classes=CLASSES)


MODELS = {"conv8": conv8, "resnet20": resnet20}


def made(cell: Cell) -> dict[str, keras.Model]:
    """The cell's network by each of the specs."""
    return {side: MODELS[cell.name](spec, cell.sizes[1:]) for side, spec in SPECS.items()}


def calls(cell: Cell) -> dict[str, Callable[[], Any]]:
    """What is timed: forward, backward and SGD of each on the same images."""
    x, dy = images_and_slope(cell)
    steps = {side: training(model)[cell.mode] for side, model in made(cell).items()}
    return {side: lambda step=step: step(x, dy) for side, step in steps.items()}


def images_and_slope(cell: Cell) -> tuple[Any, Any]:
    """Images, and a gradient of the loss at the logits: of random labels at equal odds."""
    rng = np.random.default_rng(0)
    examples = cell.sizes[0]
    dy = (
        np.full((examples, CLASSES), 1 / CLASSES) - np.eye(CLASSES)[rng.integers(10, size=examples)]
    )
    pair = rng.normal(size=cell.sizes), dy / examples
    return tuple(keras.ops.convert_to_tensor(a.astype("float32")) for a in pair)
