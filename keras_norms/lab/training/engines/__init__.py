"""The training loop of a program, once a backend."""

from __future__ import annotations

import functools
import importlib
from typing import Any, Protocol

import keras
import numpy as np
from keras import ops

from keras_norms.lab.data import ImageData

CHUNK = 50  # steps in one call into the backend, at most
Moves = np.ndarray | None
TEST_BATCH = 1000


class Engine(Protocol):
    """Trains one model again and again, compiled once.

    Args:
        model: built.
        optimizer: not built yet.
        data: in memory.
        crop: pixels that are padded at each side of an image, of which the crops are taken.
        parts: whether variables may learn at rates of their own where the optimizer is not SGD.
    """

    def reset(
        self,
        values: list[np.ndarray],
        seed: int,
        optimizer: list[np.ndarray] | None = None,
        step: int = 0,
    ) -> None:
        """Start over: `values` into the model's variables, the optimizer as new.

        Or go on after `step` steps, with what `values` and `optimizer_values` were there. `seed`
        is for what the backend draws from a state of its own, outside those variables.
        """

    def advance(
        self,
        batches: np.ndarray,
        moves: Moves,
        rates: np.ndarray,
        shares: np.ndarray,
        l2: float,
        limit: float,
    ) -> tuple[list[float], list[float]]:
        """Loss and accuracy of each step, up to and including one whose loss is not <= limit.

        Args:
            batches: indices of training examples, int32, shape (steps <= CHUNK, batch).
            moves: flips and crops of these, see `batch_order.moves`; None for images as they are.
            rates: learning rate of each step, float32, shape (steps,).
            shares: what a trainable variable's own learning rate is of that, float32, shape
                (variables,).
            l2: weight of the squared kernels in what is minimized; whether it is 0 is compiled in.
            limit: loss above which a run has blown up.
        """

    def current(self) -> keras.Model:
        """The model with the values that training has reached; to be looked at, not changed."""

    def evaluate(self) -> tuple[float, float]:
        """Loss and accuracy on the test set, in inference mode."""

    def predict(self) -> np.ndarray:
        """The class of each test image with the largest logit, int32."""

    def values(self) -> list[np.ndarray]:
        """What the model's variables have become, in the order of `reset`."""

    def optimizer_values(self) -> list[np.ndarray]:
        """What the optimizer's variables have become, in the order of `reset`."""


def engine_class() -> type[Any]:
    """The engine of the running backend."""
    backend = keras.config.backend()
    return importlib.import_module(f"keras_norms.lab.training.engines.{backend}").Engine


@functools.lru_cache(1)
def on_device(data: ImageData) -> list[Any]:
    """Images and labels to train and to test on, placed once for all programs of a data set."""
    arrays = data.x_train, data.y_train, data.x_test, data.y_test
    return [ops.convert_to_tensor(array) for array in arrays]


def mean_loss(labels: Any, logits: Any) -> Any:
    """Mean cross-entropy of the batch."""
    losses = keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
    return ops.mean(losses)


def mean_accuracy(labels: Any, logits: Any) -> Any:
    """Share of the batch whose largest logit is that of its label."""
    predicted = ops.cast(ops.argmax(logits, axis=-1), labels.dtype)
    return ops.mean(ops.cast(ops.equal(predicted, labels), "float32"))


def moved(x: Any, batch: Any, moves: Any, crop: int) -> Any:
    """The images of a batch, mirrored and cropped.

    Args:
        x: all images, shape (examples, height, width, channels).
        batch: indices.
        moves: row and column at which the crop of the image begins, with `crop` zeros around it,
            and 1 where it is mirrored; shape (batch, 3).
        crop: pixels of zeros at each side.
    """
    _, height, width, channels = x.shape
    rows = moves[:, :1] + np.arange(height, dtype=np.int32) - crop
    across = np.arange(width, dtype=np.int32)
    columns = ops.where(moves[:, 2:] > 0, width - 1 - across, across) + moves[:, 1:2] - crop
    inside = _within(rows, height)[:, :, None] & _within(columns, width)[:, None, :]
    rows, columns = ops.clip(rows, 0, height - 1), ops.clip(columns, 0, width - 1)
    place = (batch[:, None] * height + rows)[:, :, None] * width + columns[:, None, :]
    found = ops.take(ops.reshape(x, (-1, channels)), place, axis=0)
    return found * ops.cast(inside, found.dtype)[..., None]


def _within(place: Any, size: int) -> Any:
    return (place >= 0) & (place < size)


class Stepped:
    """How each variable's share of the learning rate comes into a step.

    SGD, with momentum or without, steps by the gradient: it is the gradient that is multiplied.
    Others do not, and it is their step that is.
    """

    def __init__(self, optimizer: keras.optimizers.Optimizer, parts: bool) -> None:
        self._by_gradient = isinstance(optimizer, keras.optimizers.SGD)
        self.by_step = parts and not self._by_gradient

    def gradients(self, gradients: list[Any], shares: Any) -> list[Any]:
        if not self._by_gradient:
            return gradients
        return [gradient * shares[place] for place, gradient in enumerate(gradients)]

    def values(self, before: list[Any], after: list[Any], shares: Any) -> list[Any]:
        """`after` a step from `before`; exact where the share is 1."""
        return [
            ops.where(shares[place] == 1, new, old + shares[place] * (new - old))
            for place, (old, new) in enumerate(zip(before, after, strict=True))
        ]


def penalty(l2: float, trainable: list[Any]) -> Any:
    """`l2` times the sum of squares of the kernels, which are all that has rank 2 or more."""
    kernels = [value for value in trainable if len(value.shape) >= 2]
    return l2 * sum(ops.sum(ops.square(kernel)) for kernel in kernels)


def padded_to_chunk(*arrays: Moves) -> tuple[Moves, ...]:
    """Batches, moves and rates of one length always, so that a loop is compiled once."""
    return tuple(
        None
        if array is None
        else np.pad(array, [(0, CHUNK - len(array))] + [(0, 0)] * (array.ndim - 1))
        for array in arrays
    )


def test_slices(examples: int) -> list[slice]:
    """The test set in pieces that fit."""
    return [slice(start, start + TEST_BATCH) for start in range(0, examples, TEST_BATCH)]
