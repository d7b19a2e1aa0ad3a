"""Which examples a step sees: drawn from the seed alone, on no backend."""

from __future__ import annotations

import numpy as np

STREAM = 1  # apart from whatever else is drawn from a run's seed


def batch_indices(examples: int, batch: int, steps: int, seed: int) -> np.ndarray:
    """Indices of the examples of each step, int32, shape (steps, batch).

    Every epoch is a new shuffle; what is left at its end is too few for a batch and is dropped.
    """
    draw = np.random.default_rng([seed, STREAM])
    an_epoch = examples // batch
    epochs = -(-steps // an_epoch)
    orders = [draw.permutation(examples)[: an_epoch * batch] for _ in range(epochs)]
    return np.concatenate(orders).reshape(-1, batch)[:steps].astype(np.int32)
