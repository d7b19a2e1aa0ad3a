"""Probes of a run: when they look, at what, and what they answered."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from keras_norms.lab.data import ImageData
from keras_norms.lab.errors import BadInput
from keras_norms.lab.specs import Chosen
from keras_norms.lab.training.probe_table import PROBES, choose_probe
from keras_norms.lab.user_object import is_user_object, load

if TYPE_CHECKING:
    from keras_norms.lab.training.run import Run

AT = "at"


@dataclass(frozen=True)
class Look:
    """A network in training, to be looked at and not changed.

    Attributes:
        step: how many steps were done.
        model: with the values that it has then.
        data: that it is trained on.
        x, y: the batch of the step to come, flipped and cropped as it will be.
        learning_rate: of the step to come.
        seed: of the run.
    """

    step: int
    model: keras.Model
    data: ImageData
    x: np.ndarray
    y: np.ndarray
    learning_rate: float
    seed: int


class Probe:
    """What looks at a network: built in are those of `probe_table.PROBES`."""

    def steps(self, at: tuple[int, ...]) -> tuple[int, ...]:
        """When it must look to answer for the steps `at`."""
        return at

    def __call__(self, look: Look) -> Mapping[str, Any] | None:
        """Numbers and (nested) lists of numbers, by name; None where there is nothing to say."""
        raise NotImplementedError


@dataclass
class Looks:
    """All probes of a run.

    Attributes:
        rows: by probe, what it answered at each look, with the `step`.
    """

    run: Run
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._probes: dict[str, Callable[[Look], Mapping[str, Any] | None]] = {}
        self._steps: dict[str, tuple[int, ...]] = {}
        for text in self.run.probes:
            chosen = choose_probe(text, self.run.steps)
            probe, at = _made(chosen), chosen.arguments[AT]
            self._probes[text] = probe
            self._steps[text] = probe.steps(at) if isinstance(probe, Probe) else at
            self.rows.setdefault(text, [])

    @property
    def any(self) -> bool:
        return bool(self._probes)

    @property
    def midway(self) -> bool:
        """Whether a probe holds what no checkpoint does: its next look is compared with the last.

        At most a step, so that a checkpoint can wait.
        """
        return any(getattr(probe, "midway", False) for probe in self._probes.values())

    def after(self, step: int) -> float:
        """The first step after `step` at which something looks, besides the evaluations."""
        later = [at for steps in self._steps.values() for at in steps if at > step]
        return min(later, default=math.inf)

    def at_step(self, step: int, look: Callable[[], Look]) -> None:
        """Has those look that want to after so many steps."""
        self._look([text for text, steps in self._steps.items() if step in steps], look)

    def at_evaluation(self, look: Callable[[], Look]) -> None:
        """Has those look that named no step."""
        self._look([text for text, steps in self._steps.items() if not steps], look)

    def _look(self, texts: list[str], look: Callable[[], Look]) -> None:
        if not texts:
            return
        seen = look()
        for text in texts:
            answer = self._probes[text](seen)
            if answer is not None:
                self.rows[text].append({"step": seen.step, **answer})


def _made(chosen: Chosen) -> Callable[[Look], Mapping[str, Any] | None]:
    given = {key: value for key, value in chosen.arguments.items() if key != AT}
    if is_user_object(chosen.name):
        function = load("probes", chosen.name)
        if not callable(function):
            raise BadInput(f"Invalid probes={chosen.text!r}: it must be a function of model, data")
        return lambda look: function(look.model, look.data, **given)
    module, _, name = PROBES[chosen.name].builder.partition(":")
    return getattr(importlib.import_module(module), name)(**given)
