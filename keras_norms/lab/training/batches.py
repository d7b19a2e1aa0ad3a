"""Which examples a step sees: drawn from the seed alone, on no backend."""

from __future__ import annotations

import numpy as np

STREAM = 1  # apart from whatever else is drawn from a run's seed


def batch_indices(
    examples: int, batch: int, steps: int, seed: int, *, reshuffle: bool = True
) -> np.ndarray:
    """Indices of the examples of each step, int32, shape (steps, batch).

    Every epoch is a new shuffle; what is left at its end is too few for a batch and is dropped.
    Without `reshuffle` the first epoch's batches come again in each epoch, in a new order.
    """
    draw = np.random.default_rng([seed, STREAM])
    an_epoch = examples // batch
    epochs = -(-steps // an_epoch)
    if reshuffle:
        orders = [draw.permutation(examples)[: an_epoch * batch] for _ in range(epochs)]
    else:
        fixed = draw.permutation(examples)[: an_epoch * batch].reshape(an_epoch, batch)
        orders = [fixed[draw.permutation(an_epoch)] for _ in range(epochs)]
    return np.concatenate(orders).reshape(-1, batch)[:steps].astype(np.int32)
