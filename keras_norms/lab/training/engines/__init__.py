"""The training loop of a program, once a backend."""

from __future__ import annotations

import functools
import importlib
from typing import Any, Protocol

import keras
import numpy as np

from keras_norms.lab.data import ImageData

CHUNK = 50  # steps in one call into the backend, at most
TEST_BATCH = 1000


class Engine(Protocol):
    """Trains one model again and again, compiled once."""

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
        self, batches: np.ndarray, rates: np.ndarray, shares: np.ndarray, l2: float, limit: float
    ) -> tuple[list[float], list[float]]:
        """Loss and accuracy of each step, up to and including one whose loss is not <= limit.

        Args:
            batches: indices of training examples, int32, shape (steps <= CHUNK, batch).
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
    return [keras.ops.convert_to_tensor(array) for array in arrays]


def mean_loss(labels: Any, logits: Any) -> Any:
    """Mean cross-entropy of the batch."""
    losses = keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
    return keras.ops.mean(losses)


def mean_accuracy(labels: Any, logits: Any) -> Any:
    """Share of the batch whose largest logit is that of its label."""
    predicted = keras.ops.cast(keras.ops.argmax(logits, axis=-1), labels.dtype)
    return keras.ops.mean(keras.ops.cast(keras.ops.equal(predicted, labels), "float32"))


def shared(gradients: list[Any], shares: Any) -> list[Any]:
    """Gradients times each variable's share of the learning rate: SGD, with momentum or without,
    then steps by that share."""
    return [gradient * shares[place] for place, gradient in enumerate(gradients)]


def penalty(l2: float, trainable: list[Any]) -> Any:
    """`l2` times the sum of squares of the kernels, which are all that has rank 2 or more."""
    kernels = [value for value in trainable if len(value.shape) >= 2]
    return l2 * sum(keras.ops.sum(keras.ops.square(kernel)) for kernel in kernels)


def padded_to_chunk(batches: np.ndarray, rates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Batches and rates of one length always, so that a loop over them is compiled once."""
    missing = CHUNK - len(rates)
    return np.pad(batches, ((0, missing), (0, 0))), np.pad(rates, (0, missing))


def test_slices(examples: int) -> list[slice]:
    """The test set in pieces that fit."""
    return [slice(start, start + TEST_BATCH) for start in range(0, examples, TEST_BATCH)]
