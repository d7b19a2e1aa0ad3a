"""A run: everything that one training is made of, and nothing else."""

from __future__ import annotations

import hashlib
import json
import math
import numbers
from dataclasses import asdict, dataclass, field
from typing import Any

import keras

from keras_norms import schemes
from keras_norms.lab import models
from keras_norms.lab.errors import BadInput
from keras_norms.lab.training.schedules import parse
from keras_norms.lab.training.schema import known_fields
from keras_norms.lab.training.swept import PARTS

OPTIMIZERS = ("sgd",)
LEAST = {"depth": 1, "width": 1, "batch": 1, "steps": 1, "evaluate_every": 0, "seed": 0}
TEXTS = ("data", "model", "normalizer", "activation", "schedule", "backend")
PRECISIONS = ("float32", "mixed_bfloat16")
# What one compiled program takes as an argument rather than being compiled for.
ARGUMENTS = ("learning_rate", "schedule", "seed", "steps", "evaluate_every")
ARGUMENTS += ("reshuffle", "applies_to", "rest_rate")
# Fields that came later: where they are at these defaults, a run keeps the key it always had.
LATER = {"reshuffle": True, "applies_to": "all", "rest_rate": 0.1}


@dataclass(frozen=True, kw_only=True)
class Run:
    """One training, wholly described. On one device and number of threads equal runs end alike.

    Attributes:
        data: data set: "digits", a TFDS name, or "binary:" or "tenth:" and either.
        model: a name in `lab.models.MODELS`: "mlp", "plain" and "resnet" (depth 6n+2), ...
        depth, width: as the model counts them.
        normalizer: scheme spec.
        activation: Keras activation name.
        dropout: rate before the head.
        optimizer: "sgd".
        momentum: of the optimizer.
        l2: weight of the sum of squared kernels in the loss that is minimized.
        batch: examples a step.
        reshuffle: whether each epoch has new batches; else those of the first, in a new order.
        steps: how many; the curve ends there, or where the run blows up.
        evaluate_every: steps between evaluations on the test set; 0 for one at the end.
        learning_rate: at step zero.
        schedule: "constant", or "exponential:decay=0.5,every=100".
        applies_to: the variables that learn at `learning_rate`: "all", "body" (all but the head),
            or "kernels" (those of the body, without gamma, beta and biases).
        rest_rate: learning rate of the others at step zero, on the same schedule; it says nothing,
            and is its default, where `applies_to` is "all".
        seed: of weights, batch order and dropout.
        backend: Keras backend.
        precision: Keras dtype policy.

    Raises:
        BadInput: a field that cannot be, named with its value.
    """

    data: str = "digits"
    model: str = "mlp"
    depth: int
    width: int
    normalizer: str = "none"
    activation: str = "relu"
    dropout: float = 0.0
    optimizer: str = "sgd"
    momentum: float = 0.0
    l2: float = 0.0
    batch: int = 64
    steps: int = 200
    evaluate_every: int = 0
    learning_rate: float
    schedule: str = "constant"
    reshuffle: bool = True
    applies_to: str = "all"
    rest_rate: float = 0.1
    seed: int = 0
    backend: str = field(default_factory=keras.config.backend)
    precision: str = "float32"

    def __post_init__(self) -> None:
        for name, least in LEAST.items():
            value = getattr(self, name)
            self._require(name, _is_int(value) and value >= least, f"a whole number from {least}")
        for name in ("momentum", "dropout", "l2", "learning_rate", "rest_rate"):
            self._require(name, _is_real(getattr(self, name)), "a number")
        self._require("reshuffle", isinstance(self.reshuffle, bool), "True or False")
        for name in TEXTS:
            self._require(name, isinstance(getattr(self, name), str), "text")
        for name in ("momentum", "dropout"):
            self._require(name, 0 <= getattr(self, name) < 1, "in [0, 1)")
        self._require("l2", 0 <= self.l2 < math.inf, "at least 0")
        self._require("learning_rate", 0 < self.learning_rate < math.inf, "positive and finite")
        self._require("rest_rate", 0 <= self.rest_rate < math.inf, "at least 0 and finite")
        self._require("applies_to", self.applies_to in PARTS, f"one of {PARTS}")
        self._require("optimizer", self.optimizer in OPTIMIZERS, f"one of {OPTIMIZERS}")
        self._require("precision", self.precision in PRECISIONS, f"one of {PRECISIONS}")
        parse(self.schedule)
        models.require(self.model, depth=self.depth, activation=self.activation)
        try:
            canonical = str(schemes.get(self.normalizer))
        except ValueError as error:
            raise BadInput(f"normalizer={self.normalizer!r}: {error}") from error
        object.__setattr__(self, "normalizer", canonical)
        if self.applies_to == "all":
            object.__setattr__(self, "rest_rate", LATER["rest_rate"])
        for name in ("dropout", "momentum", "l2", "learning_rate", "rest_rate"):
            object.__setattr__(self, name, float(getattr(self, name)))

    def _require(self, name: str, holds: bool, instead: str) -> None:
        if not holds:
            raise BadInput(f"{name}={getattr(self, name)!r} cannot be: it must be {instead}")

    @property
    def key(self) -> str:
        """16 hexadecimal digits that name this run: the hash of its content."""
        content = self.as_dict()
        kept = {name: content[name] for name in content if content[name] != LATER.get(name)}
        return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def program(self) -> tuple[tuple[str, Any], ...]:
        """What a program is compiled for: all but learning rates, schedule, seed and steps.

        Of the L2 weight only whether there is one, as 1 or 0.
        """
        content = self.as_dict() | {"l2": float(self.l2 > 0)}
        return tuple((name, content[name]) for name in content if name not in ARGUMENTS)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Run:
        """The run that `as_dict` described.

        Raises:
            BadInput: fields that a run of this version does not have, or lacks.
        """
        return cls(**known_fields(cls, content, "a run"))


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_real(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)
