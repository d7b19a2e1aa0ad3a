"""The curvature of a run's network, at initialization and along its training."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np

from keras_norms.lab.data import ImageData
from keras_norms.lab.errors import BadInput
from keras_norms.lab.training import Run
from keras_norms.lab.training.batch_order import batch_indices
from keras_norms.lab.training.engines import CHUNK, engine_class
from keras_norms.lab.training.initialization import build, initial_values
from keras_norms.lab.training.parameter_groups import Shares
from keras_norms.lab.training.program import require_backend
from keras_norms.lab.training.schedules import learning_rates
from keras_norms.probes.curvature import Curvature, Largest


@dataclass(frozen=True)
class Measurement:
    """A run whose curvature is measured.

    Attributes:
        run: the training; its learning rate matters after step 0 alone.
        examples: the first so many training images, in one batch, are what is measured on.
        at: steps after which to measure, in order; 0 is the initialization.

    Raises:
        BadInput: too few examples, or steps that are out of order or beyond the run's.
    """

    run: Run
    examples: int
    at: tuple[int, ...]

    def __post_init__(self) -> None:
        if self.examples < 2:
            raise BadInput(f"examples={self.examples} have no batch statistics; write 2 or more")
        ordered = all(a < b for a, b in zip(self.at, self.at[1:], strict=False))
        if not self.at or not ordered or self.at[0] < 0 or self.at[-1] > self.run.steps:
            raise BadInput(
                f"at={self.at} must be steps from 0 to the run's {self.run.steps}, in order"
            )

    @property
    def key(self) -> str:
        """16 hexadecimal digits that name it."""
        content = json.dumps(self.as_dict(), sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    def as_dict(self) -> dict[str, Any]:
        return {"run": self.run.as_dict(), "examples": self.examples, "at": list(self.at)}


@dataclass(frozen=True)
class Point:
    """The Gauss-Newton matrix's largest eigenvalue after `step` steps."""

    step: int
    largest: Largest

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready: None stands for what is not finite."""
        values = {"step": self.step, **asdict(self.largest)}
        return {name: v if math.isfinite(v) else None for name, v in values.items()}

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Point:
        values = {name: math.nan if v is None else v for name, v in content.items()}
        return cls(values.pop("step"), Largest(**values))


class Sharpness:
    """Measures the runs of one program: model, loop and products are compiled once.

    Args:
        run: any of the runs that share the program.
        data: its data.
        examples: how many training images to measure on.

    Raises:
        BadInput: more examples than there are, or a run for another backend.
    """

    def __init__(self, run: Run, data: ImageData, examples: int) -> None:
        require_backend(run)
        for name, wanted in (("examples", examples), ("batch", run.batch)):
            if wanted > len(data.y_train):
                raise BadInput(
                    f"{name}={wanted} is larger than the {len(data.y_train)} training examples of "
                    f"{data.name!r}: write a smaller one"
                )
        self._run, self._data = run, data
        self._model = build(run, data, run.seed)
        optimizer = keras.optimizers.SGD(learning_rate=1.0, momentum=run.momentum)
        self._engine = engine_class()(self._model, optimizer, data)
        self._shares = Shares(self._model)
        self._curvature = Curvature(self._model, data.x_train[:examples], data.y_train[:examples])

    def measure(self, run: Run, at: tuple[int, ...]) -> Iterator[Point]:
        """The curvature after each step of `at`; fewer points where the loss is lost before."""
        assert run.program == self._run.program
        batches = batch_indices(len(self._data.y_train), run.batch, max(1, at[-1]), run.seed)
        rates = learning_rates(run.schedule, run.learning_rate, len(batches))
        self._engine.reset(initial_values(build(run, self._data, run.seed)), run.seed)
        done = 0
        for step in at:
            while done < step:
                until = min(done + CHUNK, step)
                losses, _ = self._engine.advance(
                    batches[done:until], rates[done:until], self._shares(run), run.l2, np.inf
                )
                if not np.isfinite(losses).all():
                    return
                done = until
            self._engine.current()  # the model's variables are those after this step
            yield Point(step, self._curvature.largest(seed=run.seed))
