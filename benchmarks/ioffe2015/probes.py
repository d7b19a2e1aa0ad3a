"""What is looked at in a network while it trains."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from keras_norms.lab.data import ImageData

PERCENTILES = (15, 50, 85)  # of Figure 1


def kernel_norm(model: keras.Model, data: ImageData) -> dict[str, float]:
    """The norm of all kernels but the head's, which no normalizer follows."""
    *hidden, _ = (layer for layer in model.layers if isinstance(layer, keras.layers.Dense))
    squares = [np.square(_array(layer.kernel)).sum(dtype=float) for layer in hidden]
    return {"norm": float(np.sqrt(sum(squares)))}


def input_percentiles(model: keras.Model, data: ImageData) -> dict[str, list[float]]:
    """p15, p50 and p85, over the test images, of the inputs of the last hidden activations."""
    last = [layer for layer in model.layers if isinstance(layer, keras.layers.Activation)][-1]
    inputs = _array(keras.Model(model.input, last.input)(data.x_test, training=False))
    found = np.percentile(inputs, PERCENTILES, axis=0)
    # Five digits: they are drawn and compared, and there are many.
    rounded = [[float(f"{value:.5g}") for value in row] for row in found]
    return {f"p{p}": row for p, row in zip(PERCENTILES, rounded, strict=True)}


def class_probabilities(model: keras.Model, data: ImageData) -> dict[str, Any]:
    """Class probabilities of the test images, to five decimals, and their labels."""
    logits = [
        _array(model(data.x_test[start : start + 1000], training=False))
        for start in range(0, len(data.x_test), 1000)
    ]
    logits = np.concatenate(logits).astype(float)
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = odds / odds.sum(axis=1, keepdims=True)
    return {"probabilities": probabilities.round(5).tolist(), "labels": data.y_test.tolist()}


def _array(tensor: Any) -> np.ndarray:
    return np.array(keras.ops.convert_to_numpy(tensor))
