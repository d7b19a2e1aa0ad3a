"""The network of Figure 5, built and counted."""

from __future__ import annotations

import math
from typing import Any

import keras_norms
from keras_norms.lab.models.bn_inception import bn_inception


def built(*, channels: str, rows: list[str]) -> dict[str, Any]:
    """The network of Figure 5: the output shape of some layers, and the number of trained values.

    Args:
        channels: see `keras_norms.lab.models.bn_inception`.
        rows: names of layers.
    """
    network = bn_inception(
        keras_norms.get("batch"), input_shape=(224, 224, 3), classes=1000, channels=channels
    )
    shapes = {row: network.get_layer(row).output.shape[1:] for row in rows}
    return {
        "shapes": {row: "×".join(map(str, shape)) for row, shape in shapes.items()},
        "parameters": sum(math.prod(variable.shape) for variable in network.trainable_variables),
    }
