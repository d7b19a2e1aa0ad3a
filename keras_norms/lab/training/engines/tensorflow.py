"""TensorFlow: a `tf.while_loop` over steps, the learning rate an argument."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

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
        self._new_optimizer = [variable.numpy() for variable in optimizer.variables]
        self._x, self._y, self._x_test, self._y_test = on_device(data)
        # On a CPU XLA saves dispatch, most of a dense net's step, and loses oneDNN's convolutions:
        # measured 1/8 of the plain graph's CPU time for a batch-normalized MLP, 7 times it for a
        # ResNet.
        gpu = bool(tf.config.list_physical_devices("GPU"))
        convolves = any(len(variable.shape) > 2 for variable in model.trainable_variables)
        xla = gpu or not convolves
        if gpu:
            tf.config.experimental.enable_op_determinism()
        self._assign = tf.function(self._restore, autograph=False)
        self._steps = tf.function(self._loop, autograph=False, jit_compile=xla)
        self._test = tf.function(self._measure, autograph=False, jit_compile=xla)
        self._classes = tf.function(self._classify, autograph=False, jit_compile=xla)

    def reset(
        self,
        values: list[np.ndarray],
        seed: int,
        optimizer: list[np.ndarray] | None = None,
        step: int = 0,
    ) -> None:
        # In one call: hundreds of small ones took a third of the time of short runs of deep nets.
        given = [*values, *(optimizer or self._new_optimizer)]
        self._assign([np.asarray(value) for value in given])

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
        done, losses, accuracies = self._steps(
            *(None if given is None else tf.constant(given) for given in (*padded, shares)),
            tf.constant(l2, tf.float32) if l2 else None,
            tf.constant(len(rates)),
            tf.constant(limit, tf.float32),
        )
        steps = int(done)
        return losses.numpy()[:steps].tolist(), accuracies.numpy()[:steps].tolist()

    def current(self) -> keras.Model:
        return self.model

    def evaluate(self) -> tuple[float, float]:
        total = np.zeros(2)
        for piece in test_slices(len(self._y_test)):
            x, y = self._x_test[piece], self._y_test[piece]
            total += np.array(self._test(x, y)) * len(y)
        loss, accuracy = total / len(self._y_test)
        return float(loss), float(accuracy)

    def predict(self) -> np.ndarray:
        pieces = test_slices(len(self._y_test))
        return np.concatenate([self._classes(self._x_test[piece]).numpy() for piece in pieces])

    def values(self) -> list[np.ndarray]:
        return [variable.numpy() for variable in self.model.variables]

    def optimizer_values(self) -> list[np.ndarray]:
        return [variable.numpy() for variable in self.optimizer.variables]

    def _restore(self, values: list[tf.Tensor]) -> None:
        variables = [*self.model.variables, *self.optimizer.variables]
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)

    def _measure(self, x: tf.Tensor, y: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        logits = self.model(x, training=False)
        return mean_loss(y, logits), mean_accuracy(y, logits)

    def _classify(self, x: tf.Tensor) -> tf.Tensor:
        return tf.argmax(self.model(x, training=False), axis=-1, output_type=tf.int32)

    def _loop(
        self,
        batches: Any,
        moves: Any,
        rates: Any,
        shares: Any,
        l2: Any,
        steps: tf.Tensor,
        limit: tf.Tensor,
    ) -> Any:
        def body(step: tf.Tensor, _: tf.Tensor, *curves: tf.TensorArray) -> Any:
            move = None if moves is None else tf.gather(moves, step)
            loss, accuracy = self._step(
                tf.gather(batches, step), move, tf.gather(rates, step), shares, l2
            )
            written = (
                curve.write(step, value)
                for curve, value in zip(curves, (loss, accuracy), strict=True)
            )
            return step + 1, loss <= limit, *written

        curves = [tf.TensorArray(tf.float32, CHUNK, element_shape=()) for _ in range(2)]
        done, _, *curves = tf.while_loop(
            lambda step, alive, *_: (step < steps) & alive,
            body,
            (tf.constant(0), tf.constant(True), *curves),
        )
        return done, *(curve.stack() for curve in curves)

    def _images(self, batch: tf.Tensor, moves: tf.Tensor | None) -> tf.Tensor:
        if moves is None:
            return tf.gather(self._x, batch)
        return moved(self._x, batch, moves, self._crop)

    def _step(
        self,
        batch: tf.Tensor,
        moves: tf.Tensor | None,
        rate: tf.Tensor,
        shares: tf.Tensor,
        l2: tf.Tensor | None,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        x, y = self._images(batch, moves), tf.gather(self._y, batch)
        variables = [variable.value for variable in self.model.trainable_variables]
        with tf.GradientTape() as tape:
            logits = self.model(x, training=True)
            loss = mean_loss(y, logits)
            objective = loss if l2 is None else loss + penalty(l2, variables)
        self.optimizer.learning_rate.assign(rate)
        gradients = self._stepped.gradients(tape.gradient(objective, variables), shares)
        before = [tf.identity(value) for value in variables] if self._stepped.by_step else []
        self.optimizer.apply(gradients, self.model.trainable_variables)
        if self._stepped.by_step:
            after = [tf.convert_to_tensor(variable) for variable in variables]
            stepped = self._stepped.values(before, after, shares)
            for variable, value in zip(self.model.trainable_variables, stepped, strict=True):
                variable.assign(value)
        return loss, mean_accuracy(y, logits)
