"""Means and variances of what layers put out and of the gradients in it, and histograms."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from keras_norms.layers.base import Normalization
from keras_norms.weights.base import Reparameterization
from keras_norms.weights.kernels import kernels_of

NORMALIZERS = (
    Normalization,
    keras.layers.BatchNormalization,
    keras.layers.GroupNormalization,
    keras.layers.LayerNormalization,
    keras.layers.RMSNormalization,
)
POOLS = (
    keras.layers.GlobalAveragePooling1D,
    keras.layers.GlobalAveragePooling2D,
    keras.layers.GlobalAveragePooling3D,
    keras.layers.GlobalMaxPooling1D,
    keras.layers.GlobalMaxPooling2D,
    keras.layers.GlobalMaxPooling3D,
)
KINDS = ("linear", "normalizers", "activations", "additions", "features")


def layers_of(model: keras.Model, kind: str) -> list[keras.layers.Layer]:
    """The layers of a kind, wherever in a model they are, in its order.

    "linear" are those with a kernel, or what reparameterizes them; "normalizers", "activations"
    and "additions" are layers of their own. "features" is the one layer that is given a network's
    last activations: the last global pool or, without any, the last linear layer.

    Raises:
        ValueError: another kind.
    """
    if kind not in KINDS:
        raise ValueError(f"Argument `kind` must be one of {KINDS}. Received: kind={kind!r}")
    layers = list(model._flatten_layers(include_self=False))
    if kind == "additions":
        return [layer for layer in layers if isinstance(layer, keras.layers.Add)]
    if kind == "activations":
        kinds = (keras.layers.Activation, keras.layers.ReLU, keras.layers.LeakyReLU)
        return [layer for layer in layers if isinstance(layer, kinds)]
    if kind == "normalizers":
        return [layer for layer in layers if isinstance(layer, NORMALIZERS)]
    pools = [layer for layer in layers if isinstance(layer, POOLS)]
    if kind == "features" and pools:
        return pools[-1:]
    wrapped = {id(layer.layer) for layer in layers if isinstance(layer, Reparameterization)}
    linear: list[keras.layers.Layer] = [
        layer
        for layer in layers
        if isinstance(layer, Reparameterization) or (kernels_of(layer) and id(layer) not in wrapped)
    ]
    return linear[-1:] if kind == "features" else linear


def channel_moments(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of each channel, the last axis, over all others, float64."""
    flat = values.reshape(-1, values.shape[-1]).astype(np.float64)
    return flat.mean(axis=0), flat.var(axis=0)


def summary(values: np.ndarray) -> dict[str, float]:
    """What is plotted of a layer.

    `mean` and `std` of all values; `channel_mean` and `channel_std`, the means over the channels
    of the channel's absolute mean and of its standard deviation (Bjorck et al. 2018, Figure 5).
    """
    mean, variance = channel_moments(values)
    return {
        "mean": float(mean.mean()),
        "std": float(values.std(dtype=np.float64)),
        "channel_mean": float(np.abs(mean).mean()),
        "channel_std": float(np.sqrt(variance).mean()),
    }


def histogram(values: np.ndarray, bins: int) -> dict[str, Any]:
    """Counts between the edges of equal bins, with standard deviation and kurtosis.

    The bins span the largest magnitude on both sides of zero. The kurtosis, `E z^4` of the
    standardized values, is 3 for a normal distribution. What is not finite is in no bin, and
    leaves no standard deviation.
    """
    flat = values.ravel().astype(np.float64)
    finite = flat[np.isfinite(flat)]
    reach = float(np.abs(finite).max(initial=0)) or 1.0
    counts, edges = np.histogram(finite, bins, (-reach, reach))
    if len(finite) < len(flat):
        counted = {"counts": counts.tolist(), "edges": edges.tolist()}
        return {**counted, "std": float("nan"), "kurtosis": float("nan")}
    centred, std = flat - flat.mean(), float(flat.std())
    fourth = float(np.mean((centred / std) ** 4)) if std else float("nan")
    return {"counts": counts.tolist(), "edges": edges.tolist(), "std": std, "kurtosis": fourth}
