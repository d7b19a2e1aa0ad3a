"""torch: a plain loop, since nothing is compiled."""

from __future__ import annotations

import keras
import numpy as np
import torch

from keras_norms.lab.data import ImageData
from keras_norms.lab.training.engines import (
    Moves,
    Stepped,
    mean_accuracy,
    mean_loss,
    moved,
    on_device,
    penalty,
    test_slices,
)

STREAM, SEEDS = 2, 2**63  # of the run's seed, for dropout: a seed for each step


class Engine:
    """See `keras_norms.lab.training.engines.Engine`."""

    def __init__(
        self,
        model: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        data: ImageData,
        crop: int = 0,
        parts: bool = False,
    ) -> None:
        self.model, self.optimizer = model, optimizer
        self._crop, self._stepped = crop, Stepped(optimizer, parts)
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
        self,
        batches: np.ndarray,
        moves: Moves,
        rates: np.ndarray,
        shares: np.ndarray,
        l2: float,
        limit: float,
    ) -> tuple[list[float], list[float]]:
        losses: list[float] = []
        accuracies: list[float] = []
        # Its dropout draws from one generator of the whole process, which is the caller's.
        with torch.random.fork_rng():
            for place, rate in enumerate(rates):
                torch.manual_seed(int(self._draw.integers(SEEDS)))
                device = self._x.device
                move = None if moves is None else torch.as_tensor(moves[place], device=device)
                batch = torch.as_tensor(np.array(batches[place]), device=device).long()
                loss, accuracy = self._step(batch, move, float(rate), shares, l2)
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

    def predict(self) -> np.ndarray:
        with torch.no_grad():
            pieces = test_slices(len(self._y_test))
            found = [self.model(self._x_test[piece], training=False) for piece in pieces]
        return np.concatenate([logits.argmax(dim=-1).cpu().numpy() for logits in found])

    def values(self) -> list[np.ndarray]:
        return [np.array(keras.ops.convert_to_numpy(v)) for v in self.model.variables]

    def optimizer_values(self) -> list[np.ndarray]:
        return [np.array(keras.ops.convert_to_numpy(v)) for v in self.optimizer.variables]

    def _step(
        self,
        batch: torch.Tensor,
        moves: torch.Tensor | None,
        rate: float,
        shares: np.ndarray,
        l2: float,
    ) -> tuple[float, float]:
        y = self._y[batch]
        x = self._x[batch] if moves is None else moved(self._x, batch, moves, self._crop)
        logits = self.model(x, training=True)
        loss = mean_loss(y, logits)
        variables = self.model.trainable_variables
        values = [variable.value for variable in variables]
        objective = loss + penalty(l2, values) if l2 else loss
        gradients = torch.autograd.grad(objective, values)
        gradients = self._stepped.gradients(gradients, shares)
        self.optimizer.learning_rate = rate
        by_step = self._stepped.by_step
        before = [value.detach().clone() for value in values] if by_step else []
        with torch.no_grad():
            self.optimizer.apply(gradients, variables)
            if by_step:
                after = [variable.value for variable in variables]
                stepped = self._stepped.values(before, after, shares)
                for variable, value in zip(variables, stepped, strict=True):
                    variable.assign(value)
        return float(loss.detach()), float(mean_accuracy(y, logits))
