"""torch: a plain loop, since nothing is compiled."""

from __future__ import annotations

import keras
import numpy as np
import torch

from keras_norms.lab.data import ImageData
from keras_norms.lab.training.engines import (
    mean_accuracy,
    mean_loss,
    on_device,
    penalty,
    shared,
    test_slices,
)

STREAM, SEEDS = 2, 2**63  # of the run's seed, for dropout: a seed for each step


class Engine:
    """See `keras_norms.lab.training.engines.Engine`."""

    def __init__(
        self, model: keras.Model, optimizer: keras.optimizers.Optimizer, data: ImageData
    ) -> None:
        self.model, self.optimizer = model, optimizer
        torch.backends.cudnn.deterministic = True
        optimizer.build(model.trainable_variables)
        self._new_optimizer = self.optimizer_values()
        self._x, self._y, self._x_test, self._y_test = on_device(data)

    def reset(
        self,
        values: list[np.ndarray],
        seed: int,
        optimizer: list[np.ndarray] | None = None,
        step: int = 0,
    ) -> None:
        self._draw = np.random.default_rng([seed, STREAM])
        self._draw.integers(SEEDS, size=step)  # those of the steps before
        for variable, value in zip(self.model.variables, values, strict=True):
            variable.assign(value)
        optimizer = optimizer or self._new_optimizer
        for variable, value in zip(self.optimizer.variables, optimizer, strict=True):
            variable.assign(value)

    def advance(
        self, batches: np.ndarray, rates: np.ndarray, shares: np.ndarray, l2: float, limit: float
    ) -> tuple[list[float], list[float]]:
        losses: list[float] = []
        accuracies: list[float] = []
        # Its dropout draws from one generator of the whole process, which is the caller's.
        with torch.random.fork_rng():
            for batch, rate in zip(batches, rates, strict=True):
                torch.manual_seed(int(self._draw.integers(SEEDS)))
                loss, accuracy = self._step(torch.as_tensor(batch).long(), float(rate), shares, l2)
                losses.append(loss)
                accuracies.append(accuracy)
                if not loss <= limit:
                    break
        return losses, accuracies

    def current(self) -> keras.Model:
        return self.model

    def evaluate(self) -> tuple[float, float]:
        total = np.zeros(2)
        with torch.no_grad():
            for piece in test_slices(len(self._y_test)):
                y = self._y_test[piece]
                logits = self.model(self._x_test[piece], training=False)
                measured = float(mean_loss(y, logits)), float(mean_accuracy(y, logits))
                total += np.array(measured) * len(y)
        loss, accuracy = total / len(self._y_test)
        return float(loss), float(accuracy)

    def values(self) -> list[np.ndarray]:
        return [np.array(keras.ops.convert_to_numpy(v)) for v in self.model.variables]

    def optimizer_values(self) -> list[np.ndarray]:
        return [np.array(keras.ops.convert_to_numpy(v)) for v in self.optimizer.variables]

    def _step(
        self, batch: torch.Tensor, rate: float, shares: np.ndarray, l2: float
    ) -> tuple[float, float]:
        y = self._y[batch]
        logits = self.model(self._x[batch], training=True)
        loss = mean_loss(y, logits)
        variables = self.model.trainable_variables
        values = [variable.value for variable in variables]
        objective = loss + penalty(l2, values) if l2 else loss
        gradients = shared(torch.autograd.grad(objective, values), shares)
        self.optimizer.learning_rate = rate
        with torch.no_grad():
            self.optimizer.apply(gradients, variables)
        return float(loss.detach()), float(mean_accuracy(y, logits))
