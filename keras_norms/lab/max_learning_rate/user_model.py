"""A user's compiled model, trained again and again from its initial weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np

from keras_norms.lab.edges.verdict import Verdict, blow_up_limit, final_steps
from keras_norms.lab.errors import BadInput
from keras_norms.lab.max_learning_rate.batch import UserBatch
from keras_norms.lab.max_learning_rate.by_accuracy import ByAccuracy
from keras_norms.lab.max_learning_rate.by_loss import ByLoss
from keras_norms.lab.max_learning_rate.rate_shape import with_constant_rate
from keras_norms.lab.max_learning_rate.trial import Trial

Judge = ByAccuracy | ByLoss


class UserModel:
    """The model under study: built and compiled once, reset for each run.

    Args:
        build_model: gives a compiled model; called once for each seed, whose weights it draws.
        example: a batch, to build by and to try.

    Attributes:
        schedule: of the learning rate, where the model was compiled with one.
        metrics: the names of what it reports.
        outputs: of the initial model on the example.

    Raises:
        BadInput: the builder raises, or gives no compiled model; or the model cannot be evaluated
            on the batch.
    """

    def __init__(self, build_model: Callable[[], keras.Model], example: UserBatch) -> None:
        self._build, self._example = build_model, example
        self.model = self._made(0)
        self._initial = {0: _values(self.model)}
        self.model.optimizer, self.schedule = with_constant_rate(self.model.optimizer)
        logs = self._guarded(lambda: self.model.test_on_batch(*example, return_dict=True))
        self.metrics = tuple(logs)
        self.outputs = self._guarded(lambda: self.model(example[0], training=False))
        optimizer = self.model.optimizer
        optimizer.build(self.model.trainable_variables)
        self._fresh = [_value(variable) for variable in optimizer.variables]

    def losses(
        self, rates: Sequence[float], seed: int, batches: Iterator[UserBatch], classes: int
    ) -> list[float]:
        """Of one run from the seed's own weights, up to the step at which it blew up.

        Args:
            rates: of each step.
            classes: whose logarithm a loss may exceed ten-fold.

        Raises:
            BadInput: the loss is not finite before the first update.
        """
        self._reset(seed)
        losses: list[float] = []
        set_to = None
        for rate, batch in zip(rates, batches, strict=True):
            if rate != set_to:
                self.model.optimizer.learning_rate = set_to = float(rate)
            self.model.reset_metrics()
            losses.append(float(self.model.train_on_batch(*batch, return_dict=True)["loss"]))
            if not math.isfinite(losses[0]):
                raise BadInput(
                    f"build_model() gives a model whose loss is {losses[0]} before any update "
                    f"(seed {seed}): fix the loss or the initialization first"
                )
            if blew_up(losses, classes):
                break
        return losses

    def train(
        self, rates: Sequence[float], seed: int, batches: Iterator[UserBatch], judge: Judge
    ) -> Trial:
        """One run with its verdict."""
        losses = self.losses(rates, seed, batches, judge.classes)
        if blew_up(losses, judge.classes):
            return Trial(Verdict.BLEW_UP, len(losses), losses[0], losses[-1], None)
        last = float(np.mean(losses[-final_steps(len(losses)) :]))
        trained, accuracy = judge.trained(self.model, losses[0], last)
        verdict = Verdict.UNTRAINED
        if trained:
            verdict = Verdict.USEFUL if judge.useful(losses[0], last) else Verdict.ALIVE
        return Trial(verdict, len(losses), losses[0], last, accuracy)

    def _made(self, seed: int) -> keras.Model:
        keras.utils.set_random_seed(seed)
        try:
            model = self._build()
        except Exception as error:
            raise BadInput(f"build_model() raised {type(error).__name__}: {error}") from error
        if not isinstance(model, keras.Model):
            raise BadInput(f"build_model() gave {type(model).__name__}; return a keras.Model")
        if not model.compiled or model.optimizer is None:
            raise BadInput(
                "build_model() gave a model that is not compiled; call its "
                "compile(optimizer=..., loss=...) before returning it"
            )
        if not model.built:
            self._guarded(lambda: model(self._example[0], training=False))
        return model

    def _guarded(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except Exception as error:
            shapes = keras.tree.map_structure(np.shape, self._example)
            raise BadInput(
                f"data=batches of shapes {shapes} do not fit the model: "
                f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
            ) from error

    def _reset(self, seed: int) -> None:
        if seed not in self._initial:
            self._initial[seed] = _values(self._made(seed))
        values, state = self._initial[seed], _state(self.model)
        if [value.shape for value in values] != [tuple(v.shape) for v in state]:
            raise BadInput(
                "build_model() gave a model of other variables than before; it must give the same "
                "architecture each time"
            )
        for variable, value in zip(state, values, strict=True):
            variable.assign(value)
        for variable, value in zip(self.model.optimizer.variables, self._fresh, strict=True):
            variable.assign(value)


def blew_up(losses: Sequence[float], classes: int) -> bool:
    """Whether the last of them did."""
    return not losses[-1] <= blow_up_limit(losses[0], classes)


def _state(model: keras.Model) -> list[keras.Variable]:
    """All that training changes but metrics: weights, statistics, states of random generators."""
    metrics = {id(variable) for variable in model.metrics_variables}
    return [variable for variable in model.variables if id(variable) not in metrics]


def _values(model: keras.Model) -> list[np.ndarray]:
    return [_value(variable) for variable in _state(model)]


def _value(variable: keras.Variable) -> np.ndarray:
    return np.array(keras.ops.convert_to_numpy(variable))
