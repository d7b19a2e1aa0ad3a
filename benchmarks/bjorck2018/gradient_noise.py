"""The squared error of mini-batch gradients of softmax regression, over random batches."""

from __future__ import annotations

import numpy as np

from keras_norms.lab.job import Bench


def errors(batches: list[int], rates: list[float], draws: int, bench: Bench, seed: int) -> dict:
    """The mean squared error of a step's gradient, against the whole data set's.

    Args:
        batches: sizes b of the mini-batches, drawn without replacement from the digits.
        rates: learning rates a that the gradient is multiplied by.
        draws: batches of each size.
        bench: where the data are.
        seed: of the weights and the batches.

    Returns:
        `examples` N, `variance` (C, the mean of `|g_i - g|^2` over all of them), and `error`, a
        row a rate, a column a size: the mean of `|a g_B - a g|^2`.

    Raises:
        ValueError: a batch larger than the data set.

    Reference: Bjorck et al. 2018, arXiv 1806.02375, Section 3.2.
    """
    from keras_norms.lab.data import load

    data = load("digits", data_dir=bench.data_dir)
    draw = np.random.default_rng(seed)
    off = deviations(data.x_train, data.y_train, data.classes, draw)
    if max(batches) > len(off):
        raise ValueError(
            f"Argument `batches` must be at most the {len(off)} examples. Received: {max(batches)}"
        )
    found = []
    for size in batches:
        drawn = (draw.permutation(len(off))[:size] for _ in range(draws))
        means = np.array([off[chosen].mean(axis=0) for chosen in drawn])
        found.append([float(np.square(rate * means).sum(axis=1).mean()) for rate in rates])
    return {
        "examples": len(off),
        "variance": float(np.square(off).sum(axis=1).mean()),
        "error": np.transpose(found).tolist(),
    }


def deviations(x: np.ndarray, y: np.ndarray, classes: int, draw: np.random.Generator) -> np.ndarray:
    """`g_i - g` of each example at random weights, shape (examples, pixels * classes)."""
    flat = x.reshape(len(x), -1).astype(np.float64)
    weights = draw.normal(scale=flat.shape[1] ** -0.5, size=(flat.shape[1], classes))
    logits = flat @ weights
    chances = np.exp(logits - logits.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    slopes = chances - np.eye(classes)[y]
    each = np.einsum("ni,nc->nic", flat, slopes).reshape(len(flat), -1)
    return each - each.mean(axis=0)
