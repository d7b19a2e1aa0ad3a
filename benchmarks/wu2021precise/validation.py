"""A probe: the test accuracy with moving averages, and with statistics taken anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import keras

    from keras_norms.lab.data import ImageData


def accuracies(model: keras.Model, data: ImageData, batch: int) -> dict[str, float]:
    """With both kinds of statistics; the model itself is left as it is.

    Args:
        batch: size of those that precise statistics are taken of, one epoch of the training set.
    """
    from keras_norms.surgery import recalibrate

    used = data.x_train[: len(data.x_train) // batch * batch]
    given = {"batch_size": batch, "estimator": "batch_mean", "verbose": False, "check": False}
    precise, _ = recalibrate(model, used, **given)
    return {"moving": _accuracy(model, data), "precise": _accuracy(precise, data)}


def _accuracy(model: keras.Model, data: ImageData) -> float:
    import keras

    logits = keras.ops.convert_to_numpy(model(data.x_test, training=False))
    return float(np.mean(logits.argmax(axis=1) == data.y_test))
