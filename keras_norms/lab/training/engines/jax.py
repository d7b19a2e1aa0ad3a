"""JAX: a jitted `lax.while_loop` over steps, the learning rate an argument."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np
from jax import lax

from keras_norms.lab.data import ImageData
from keras_norms.lab.training.engines import (
    CHUNK,
    Moves,
    Stepped,
    mean_accuracy,
    mean_loss,
    moved,
    on_device,
    padded_to_chunk,
    penalty,
    test_slices,
)


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
        optimizer.build(model.trainable_variables)
        self._new_optimizer = [np.array(variable) for variable in optimizer.variables]
        # By identity: an optimizer around another has a rate of its own, which it does not step by.
        rate = optimizer.learning_rate
        self._rate = next(i for i, variable in enumerate(optimizer.variables) if variable is rate)
        self._x, self._y, self._x_test, self._y_test = on_device(data)
        options = {"xla_gpu_deterministic_ops": True} if jax.default_backend() == "gpu" else None
        self._steps = jax.jit(self._loop, donate_argnums=0, compiler_options=options)
        self._test = jax.jit(self._measure)
        self._classes = jax.jit(self._classify)
        self._state: tuple[list[Any], list[Any], list[Any]] = ([], [], [])

    def reset(
        self,
        values: list[np.ndarray],
        seed: int,
        optimizer: list[np.ndarray] | None = None,
        step: int = 0,
    ) -> None:
        given = {id(v): value for v, value in zip(self.model.variables, values, strict=True)}
        # Copies, since the loop takes its state's buffers for its own.
        self._state = (
            [jnp.array(given[id(v)], v.dtype) for v in self.model.trainable_variables],
            [jnp.array(given[id(v)], v.dtype) for v in self.model.non_trainable_variables],
            [jnp.array(value) for value in optimizer or self._new_optimizer],
        )

    def advance(
        self,
        batches: np.ndarray,
        moves: Moves,
        rates: np.ndarray,
        shares: np.ndarray,
        l2: float,
        limit: float,
    ) -> tuple[list[float], list[float]]:
        padded = padded_to_chunk(batches, moves, rates)
        self._state, done, losses, accuracies = self._steps(
            self._state,
            self._x,
            self._y,
            *padded,
            shares,
            np.float32(l2) if l2 else None,
            len(rates),
            np.float32(limit),
        )
        steps = int(done)
        return np.array(losses)[:steps].tolist(), np.array(accuracies)[:steps].tolist()

    def current(self) -> keras.Model:
        trainable, rest, _ = self._state
        variables = [*self.model.trainable_variables, *self.model.non_trainable_variables]
        for variable, value in zip(variables, [*trainable, *rest], strict=True):
            variable.assign(jnp.array(value))  # a copy, for the loop takes these for its own
        return self.model

    def evaluate(self) -> tuple[float, float]:
        total = np.zeros(2)
        for piece in test_slices(len(self._y_test)):
            x, y = self._x_test[piece], self._y_test[piece]
            total += np.array(self._test(*self._state[:2], x, y)) * len(y)
        loss, accuracy = total / len(self._y_test)
        return float(loss), float(accuracy)

    def predict(self) -> np.ndarray:
        pieces = test_slices(len(self._y_test))
        found = [self._classes(*self._state[:2], self._x_test[piece]) for piece in pieces]
        return np.concatenate([np.array(classes) for classes in found])

    def values(self) -> list[np.ndarray]:
        trainable, rest, _ = self._state
        variables = self.model.trainable_variables + self.model.non_trainable_variables
        found = {
            id(v): np.array(value) for v, value in zip(variables, trainable + rest, strict=True)
        }
        return [found[id(v)] for v in self.model.variables]

    def optimizer_values(self) -> list[np.ndarray]:
        return [np.array(value) for value in self._state[2]]

    def _measure(self, trainable: Any, rest: Any, x: Any, y: Any) -> tuple[Any, Any]:
        logits, _ = self.model.stateless_call(trainable, rest, x, training=False)
        return mean_loss(y, logits), mean_accuracy(y, logits)

    def _classify(self, trainable: Any, rest: Any, x: Any) -> Any:
        logits, _ = self.model.stateless_call(trainable, rest, x, training=False)
        return jnp.argmax(logits, axis=-1)

    def _loop(
        self,
        state: Any,
        x: Any,
        y: Any,
        batches: Any,
        moves: Any,
        rates: Any,
        shares: Any,
        l2: Any,
        steps: Any,
        limit: Any,
    ) -> Any:
        def body(carry: Any) -> Any:
            state, step, _, losses, accuracies = carry
            batch = batches[step]
            images = x[batch] if moves is None else moved(x, batch, moves[step], self._crop)
            state, loss, accuracy = self._step(state, images, y[batch], rates[step], shares, l2)
            curves = losses.at[step].set(loss), accuracies.at[step].set(accuracy)
            return state, step + 1, loss <= limit, *curves

        empty = jnp.zeros(CHUNK, jnp.float32)
        state, done, _, losses, accuracies = lax.while_loop(
            lambda carry: (carry[1] < steps) & carry[2], body, (state, 0, True, empty, empty)
        )
        return state, done, losses, accuracies

    def _step(
        self, state: Any, x: Any, y: Any, rate: Any, shares: Any, l2: Any
    ) -> tuple[Any, Any, Any]:
        trainable, rest, optimizer = state

        def objective(trainable: Any) -> Any:
            logits, updated = self.model.stateless_call(trainable, rest, x, training=True)
            loss = mean_loss(y, logits)
            total = loss if l2 is None else loss + penalty(l2, trainable)
            return total, (loss, logits, updated)

        gradients, (loss, logits, rest) = jax.grad(objective, has_aux=True)(trainable)
        optimizer = [*optimizer]
        optimizer[self._rate] = rate
        stepped, optimizer = self.optimizer.stateless_apply(
            optimizer, self._stepped.gradients(gradients, shares), trainable
        )
        if self._stepped.by_step:
            stepped = self._stepped.values(trainable, stepped, shares)
        return (stepped, rest, optimizer), loss, mean_accuracy(y, logits)
