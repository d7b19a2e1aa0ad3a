"""How signals propagate through a network: variance, similarity, stable rank, gradient norm."""

from __future__ import annotations

import numpy as np

from keras_norms.probes.moments import channel_moments
from keras_norms.probes.network import Signal


def activation_variance(values: np.ndarray) -> float:
    """Mean over the channels of each channel's variance over examples and places.

    Args:
        values: (examples, ..., channels).
    """
    return float(channel_moments(values)[1].mean())


def cosine_similarity(values: np.ndarray) -> float:
    """Mean cosine between two different examples, each flattened: `(|sum u|^2 - n) / (n (n - 1))`.

    `u` are the `n` examples at length one. An example of zeros has the cosine 0 with every other;
    NaN where a value is not finite or there is one example.
    """
    units, n = _units(values), len(values)
    if n < 2:
        return float("nan")
    total = units.sum(axis=0, dtype=np.float64)
    lengths = np.einsum("ij,ij->", units, units, dtype=np.float64)  # n, but for those of zeros
    return float((total @ total - lengths) / (n * (n - 1)))


def stable_rank(values: np.ndarray) -> float:
    """`trace / largest eigenvalue` of the Gram matrix of the flattened examples at length one.

    From 1, where all examples point one way, to their number, where all are orthogonal. NaN where
    a value is not finite, or all are zero.
    """
    units = _units(values)
    gram = (units @ units.T).astype(np.float64)
    if not np.isfinite(gram).all():
        return float("nan")
    largest = float(np.linalg.eigvalsh(gram)[-1])
    return float(np.trace(gram)) / largest if largest > 0 else float("nan")


def gradient_norm(values: np.ndarray) -> float:
    """Frobenius norm over the whole batch."""
    return float(np.linalg.norm(values.ravel().astype(np.float64)))


def propagation(signal: Signal, side: str = "output") -> dict[str, float]:
    """The measures of Lubana et al. 2021 for one layer.

    Args:
        signal: of the layer, on one batch.
        side: "output" or "input": of which variance, similarity and stable rank are taken. What a
            linear layer takes is the activation before it. The gradient is that in the output.

    Reference: Lubana, Dick & Tanaka 2021, arXiv 2106.05956.
    """
    values = getattr(signal, side)
    return {
        "variance": activation_variance(values),
        "similarity": cosine_similarity(values),
        "rank": stable_rank(values),
        "gradient": gradient_norm(signal.gradient),
    }


def _units(values: np.ndarray) -> np.ndarray:
    """The examples, flattened, at length one; in float32, for a wide batch has a large product."""
    flat = values.reshape(len(values), -1)
    scale = np.abs(flat).max(axis=1, keepdims=True).astype(np.float64)
    # Divided by the largest magnitude first, whose square may be beyond float32.
    flat = (flat / np.where(scale > 0, scale, 1)).astype(np.float32)
    length = np.sqrt(np.einsum("ij,ij->i", flat, flat, dtype=np.float64))[:, None]
    return (flat / np.where(length > 0, length, 1)).astype(np.float32)
