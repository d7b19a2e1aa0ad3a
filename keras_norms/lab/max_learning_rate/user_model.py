"""A user's compiled model, trained again and again from its initial weights."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np

from keras_norms.lab.edges.verdict import (
    USEFUL_SHARE,
    Verdict,
    blow_up_limit,
    final_steps,
    trained_above,
    useful_below,
)
from keras_norms.lab.errors import BadInput
from keras_norms.lab.max_learning_rate.user_batches import UserBatch

# Without an accuracy: a loss that fell by this share trains, as an accuracy that is a ninth above
# chance does.
LEARNED = 1 / 9


@dataclass(frozen=True)
class Trial:
    """One run: its verdict, how many steps it did, and the first and the last values."""

    verdict: Verdict
    steps: int
    first_loss: float
    last_loss: float
    accuracy: float | None

    @property
    def value(self) -> float:
        """The last loss where it is a number, since a trial's value must be one."""
        return self.last_loss if math.isfinite(self.last_loss) else sys.float_info.max

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, but for the verdict: numbers that JSON cannot hold become strings."""
        content = {name: value for name, value in asdict(self).items() if name != "verdict"}
        last = self.last_loss
        return {**content, "last_loss": last if math.isfinite(last) else str(last)}


class UserModel:
    """The model under study: built and compiled once, reset for each run.

    Args:
        build_model: gives a compiled model; called once for each seed, whose weights it draws.
        example: a batch, to build by and to try.

    Raises:
        BadInput: the builder raises, or gives no compiled model with a plain learning rate; or the
            model cannot be evaluated on the batch, or its loss there is not finite.
    """

    def __init__(self, build_model: Callable[[], keras.Model], example: UserBatch) -> None:
        self._build, self._example = build_model, example
        self._model = self._made(0)
        self._initial = {0: _values(self._model)}
        logs, outputs = self._tried()
        self._accuracy = next((name for name in logs if "acc" in name), None)
        # One output is a probability of the second of two classes.
        self._classes = max(2, outputs.shape[-1]) if self._accuracy else 1
        optimizer = self._model.optimizer
        optimizer.build(self._model.trainable_variables)
        self._fresh = [_value(variable) for variable in optimizer.variables]

    @property
    def parameters(self) -> int:
        return self._model.count_params()

    @property
    def rule(self) -> str:
        """What counts as trained, in words."""
        if self._accuracy:
            return f"{self._accuracy} above {trained_above(self._classes):.3g}"
        return f"loss below {1 - LEARNED:.3g} of the first one"

    @property
    def useful_rule(self) -> str:
        """What counts as useful, in words."""
        if self._accuracy:
            return f"loss below {useful_below(self._classes):.3g}, half of ln {self._classes}"
        return "loss below half of the first one"

    def train(self, learning_rate: float, seed: int, batches: Iterator[UserBatch]) -> Trial:
        """One run from the seed's own weights, stopped where it blows up.

        Raises:
            BadInput: the loss is not finite before the first update.
        """
        self._reset(seed, learning_rate)
        losses: list[float] = []
        accuracies: list[float] = []
        for batch in batches:
            self._model.reset_metrics()
            logs = self._model.train_on_batch(*batch, return_dict=True)
            losses.append(float(logs["loss"]))
            accuracies.append(float(logs[self._accuracy]) if self._accuracy else math.nan)
            if not math.isfinite(losses[0]):
                raise BadInput(
                    f"build_model() gives a model whose loss is {losses[0]} before any update "
                    f"(seed {seed}): fix the loss or the initialization first"
                )
            if not losses[-1] <= blow_up_limit(losses[0], self._classes):
                return self._trial(Verdict.BLEW_UP, losses, accuracies)
        return self._trial(self._ended(losses, accuracies), losses, accuracies)

    def _ended(self, losses: list[float], accuracies: list[float]) -> Verdict:
        """The verdict on a run that did not blow up."""
        last = slice(-final_steps(len(losses)), None)
        loss = np.mean(losses[last])
        if self._accuracy:
            trained = np.mean(accuracies[last]) > trained_above(self._classes)
            useful = loss < useful_below(self._classes)
        else:
            trained = loss < (1 - LEARNED) * losses[0]
            useful = loss < USEFUL_SHARE * losses[0]
        if not trained:
            return Verdict.UNTRAINED
        return Verdict.USEFUL if useful else Verdict.ALIVE

    def _trial(self, verdict: Verdict, losses: list[float], accuracies: list[float]) -> Trial:
        accuracy = accuracies[-1] if self._accuracy else None
        return Trial(verdict, len(losses), losses[0], losses[-1], accuracy)

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
        rate = getattr(model.optimizer, "_learning_rate", None)
        if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
            raise BadInput(
                f"build_model() gave an optimizer with {type(rate).__name__}; compile it with a "
                "constant learning rate, whose value is then searched for"
            )
        if not model.built:
            self._guarded(lambda: model(self._example[0], training=False))
        return model

    def _tried(self) -> tuple[dict[str, float], Any]:
        """Logs and first output of the initial model on the example, which it must take."""
        logs = self._guarded(lambda: self._model.test_on_batch(*self._example, return_dict=True))
        outputs = self._guarded(lambda: self._model(self._example[0], training=False))
        return logs, keras.tree.flatten(outputs)[0]

    def _guarded(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except Exception as error:
            shapes = keras.tree.map_structure(np.shape, self._example)
            raise BadInput(
                f"data=batches of shapes {shapes} do not fit the model: "
                f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
            ) from error

    def _reset(self, seed: int, learning_rate: float) -> None:
        if seed not in self._initial:
            self._initial[seed] = _values(self._made(seed))
        values, state = self._initial[seed], _state(self._model)
        if [value.shape for value in values] != [tuple(v.shape) for v in state]:
            raise BadInput(
                "build_model() gave a model of other variables than before; it must give the same "
                "architecture each time"
            )
        for variable, value in zip(state, values, strict=True):
            variable.assign(value)
        for variable, value in zip(self._model.optimizer.variables, self._fresh, strict=True):
            variable.assign(value)
        self._model.optimizer.learning_rate = learning_rate


def _state(model: keras.Model) -> list[keras.Variable]:
    """All that training changes but metrics: weights, statistics, states of random generators."""
    metrics = {id(variable) for variable in model.metrics_variables}
    return [variable for variable in model.variables if id(variable) not in metrics]


def _values(model: keras.Model) -> list[np.ndarray]:
    return [_value(variable) for variable in _state(model)]


def _value(variable: keras.Variable) -> np.ndarray:
    return np.array(keras.ops.convert_to_numpy(variable))
