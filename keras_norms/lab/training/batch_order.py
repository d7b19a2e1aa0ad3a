"""Which examples a step sees, and how they are moved: drawn from the seed alone, on no backend."""

from __future__ import annotations

import numpy as np

from keras_norms.lab.errors import BadInput

STREAM, MOVES, CLASSES = 1, 3, 4  # apart from whatever else is drawn from a run's seed


def batch_indices(
    examples: int, batch: int, steps: int, seed: int, *, reshuffle: bool = True
) -> np.ndarray:
    """Indices of the examples of each step, int32, shape (steps, batch).

    Every epoch is a new shuffle; what is left at its end is too few for a batch and is dropped.
    Without `reshuffle` the first epoch's batches come again in each epoch, in a new order. A
    `batch` of 0 is all examples, always in the same order.
    """
    if not batch:
        return np.broadcast_to(np.arange(examples, dtype=np.int32), (steps, examples))
    draw = np.random.default_rng([seed, STREAM])
    an_epoch = examples // batch
    epochs = -(-steps // an_epoch)
    if reshuffle:
        orders = [draw.permutation(examples)[: an_epoch * batch] for _ in range(epochs)]
    else:
        fixed = draw.permutation(examples)[: an_epoch * batch].reshape(an_epoch, batch)
        orders = [fixed[draw.permutation(an_epoch)] for _ in range(epochs)]
    return np.concatenate(orders).reshape(-1, batch)[:steps].astype(np.int32)


def class_batch_indices(
    labels: np.ndarray, batch: int, steps: int, seed: int, classes: int
) -> np.ndarray:
    """The same where each batch holds `classes` classes, as many examples of each.

    A step's classes are drawn without replacement. The examples of a class come in a shuffle, and
    in a new one where too few of it are left for a batch, as in Ioffe 2017, Section 4.

    Raises:
        BadInput: batches that so many classes cannot fill.
    """
    there = np.unique(labels)
    each = batch // classes
    held = min(int((labels == label).sum()) for label in there)
    if batch % classes or not 0 < each <= held or classes > len(there):
        raise BadInput(
            f"Invalid batch_classes={classes} of data with batch={batch}: there are {len(there)} "
            f"classes of {held} examples or more; write a divisor of the batch, which leaves each "
            "class no more of it than that"
        )
    draw = np.random.default_rng([seed, CLASSES])
    left = {label: np.empty(0, int) for label in there}
    found = np.empty((steps, classes, each), np.int32)
    for step in range(steps):
        for place, label in enumerate(draw.choice(there, classes, replace=False)):
            if len(left[label]) < each:
                left[label] = draw.permutation(np.flatnonzero(labels == label))
            found[step, place], left[label] = left[label][:each], left[label][each:]
    return found.reshape(steps, batch)


def moves(first: int, steps: int, batch: int, seed: int, *, flip: bool, crop: int) -> np.ndarray:
    """How the images of each step are moved, int32, shape (steps, batch, 3).

    Rows and columns by which the crop begins, from 0 to twice `crop`, and 1 where it is mirrored.

    Args:
        first: the step to begin with, each step's draw being its own.
        steps, batch, seed: of the run.
        flip: whether half of the images are mirrored.
        crop: pixels that are padded at each side.
    """
    found = np.zeros((steps, batch, 3), np.int32)
    for place in range(steps):
        draw = np.random.default_rng([seed, MOVES, first + place])
        found[place, :, :2] = draw.integers(2 * crop + 1, size=(batch, 2))
        found[place, :, 2] = draw.integers(2, size=batch) if flip else 0
    return found
