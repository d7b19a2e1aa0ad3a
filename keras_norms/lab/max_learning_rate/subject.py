"""What is studied: a user's model, its data, the rate's shape over a run, and the judge of runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from keras_norms.lab.errors import BadInput
from keras_norms.lab.max_learning_rate.by_accuracy import ByAccuracy
from keras_norms.lab.max_learning_rate.by_loss import ByLoss
from keras_norms.lab.max_learning_rate.labels import Labels
from keras_norms.lab.max_learning_rate.ramp import Ramp, ramp_rates
from keras_norms.lab.max_learning_rate.rate_shape import rate_shape
from keras_norms.lab.max_learning_rate.trial import Trial
from keras_norms.lab.max_learning_rate.user_batches import UserBatches, user_batches
from keras_norms.lab.max_learning_rate.user_model import UserModel, blew_up

REORDERED = (
    "note: the data come in another order at each pass, so runs of more than one pass are trained "
    "on examples that they are judged by; give validation_data to tell learning from memorizing"
)


@dataclass(frozen=True)
class Subject:
    """Attributes:
    shape: shares of the largest learning rate, one for each step of a run.
    judge: what counts as trained and as useful.
    notes: of what the judgement does not tell.
    """

    model: UserModel
    batches: UserBatches
    shape: np.ndarray
    judge: ByAccuracy | ByLoss
    notes: tuple[str, ...]

    @classmethod
    def of(
        cls,
        build_model: Callable[[], keras.Model],
        data: Any,
        validation_data: Any,
        batch_size: int,
        steps: int,
        warmup: int,
    ) -> Subject:
        """From the arguments of `find_max_learning_rate`, all of which are tried.

        Raises:
            BadInput: one of them cannot be.
        """
        if steps < 1:
            raise BadInput(f"steps={steps} gives nothing to run; write 1 or more")
        rate_shape(None, warmup, steps)
        batches = user_batches(data, batch_size)
        apart = None
        if validation_data is not None:
            apart = user_batches(validation_data, batch_size, "validation_data", partial=True)
        example = next(batches.of(0, 1))
        model = UserModel(build_model, example)
        shape = rate_shape(model.schedule, warmup, steps)
        labels = Labels.of(model.model.loss, model.metrics, example, model.outputs)
        if labels is None:
            return cls(model, batches, shape, ByLoss(), ())
        name = "data" if apart is None else "validation_data"
        sample = batches.hold_out() if apart is None else apart.sample()
        judge = ByAccuracy(labels, model.model, sample, name)
        notes = (REORDERED,) if apart is None and batches.reordered else ()
        return cls(model, batches, shape, judge, notes)

    @property
    def parameters(self) -> int:
        return self.model.model.count_params()

    @property
    def rules(self) -> dict[str, Any]:
        """What counts as what, in words."""
        return {
            "trained": self.judge.rule,
            "useful": self.judge.useful_rule,
            "notes": list(self.notes),
        }

    def train(self, rate: float, seed: int, number: int) -> Trial:
        """One run, in the order of batches that its number gives."""
        keras.utils.set_random_seed(number)  # of data that shuffle themselves
        batches = self.batches.of(number, len(self.shape))
        return self.model.train((rate * self.shape).tolist(), seed, batches, self.judge)

    def ramp(self, low: float, high: float, steps: int) -> Ramp:
        """A range test with the first seed's weights."""
        rates, classes = ramp_rates(low, high, steps).tolist(), self.judge.classes
        losses = self.model.losses(rates, 0, self.batches.of(0, steps), classes)
        return Ramp.of(losses, rates, blew_up(losses, classes))
