"""A run: everything that one training is made of, and nothing else.

It says what is trained in specs, imports no framework, and so can be made, named and read back
where none is installed. `do` trains it.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from keras_norms.lab.backend import backend
from keras_norms.lab.data.table import EACH_EPOCH, MOVED, is_stream, pixels
from keras_norms.lab.errors import BadInput
from keras_norms.lab.models.table import MODELS
from keras_norms.lab.specs import Chosen
from keras_norms.lab.training import normalizers, schedules
from keras_norms.lab.training.choosers import CHOOSERS, without
from keras_norms.lab.training.options import PARTS, SHARED
from keras_norms.lab.training.outcome import Outcome
from keras_norms.lab.training.probe_table import choose_probe
from keras_norms.lab.training.schema import known_fields
from keras_norms.lab.training.validity import check_values
from keras_norms.lab.user_object import digest, is_user_object

if TYPE_CHECKING:
    from keras_norms.lab.training.bench import Bench

# What one compiled program takes as an argument rather than being compiled for.
ARGUMENTS = ("learning_rate", "schedule", "initializer", "steps", "evaluate_every", "stop_at")
ARGUMENTS += ("keep_predictions", "seed", "probes")


@dataclass(frozen=True, kw_only=True)
class Run:
    """One training, wholly described. On one device and number of threads equal runs end alike.

    Texts are specs, `name:key=value,...`, and canonical once the run is made: arguments in order,
    defaults left out. `@module.attribute:...` is an object of yours wherever one is named.

    Attributes:
        model: in `lab.models.MODELS`, as in "mlp:depth=16,width=64"; or a function of yours.
        learning_rate: before the schedule.
        data: "digits", or any image classification set of TensorFlow Datasets, with what
            `lab.data.table.IMAGES` names: "cifar10:examples=1000,size=16,flip=true,crop=4"; with
            `batch_classes` each batch has so many classes, and as many examples of each.
        normalizer: scheme spec, as in "group:groups=8".
        initializer: of all kernels of linear layers: "he", "xavier", "lecun", "orthogonal", each
            with `gain`; "default" is what the model's builder says.
        optimizer: "sgd:momentum=0.9,nesterov=true", "adam", "adamw:decay=0.01", "lion", "muon",
            each with `l2`, the weight of the sum of squared kernels in the loss that is minimized;
            `applies_to`, the variables that learn at `learning_rate`: "all", "body" (all but the
            head) or "kernels" (those of the body, without gamma, beta and biases); `rest_rate`,
            the learning rate of the others, on the same schedule.
        schedule: "constant", "exponential", "warmup", "piecewise", "cosine", joined by "+"; see
            `schedules.learning_rates`.
        batch: examples a step; 0 for all of them.
        steps: how many; the curve ends there, where the run blows up, or at `stop_at`.
        evaluate_every: steps between evaluations on the test set; 0 for one at the end.
        stop_at: training accuracy, mean since the evaluation before, at which to stop; 0 never.
        keep_predictions: whether the outcome holds the predicted class of each test image.
        seed: of weights, batch order, crops and dropout.
        backend: Keras backend.
        precision: Keras dtype policy.
        probes: what to look at on the way; they change nothing and are not part of the key.

    Raises:
        BadInput: a field that cannot be, named with its value and what to write instead.
    """

    model: str
    learning_rate: float
    data: str = "digits"
    normalizer: str = "none"
    initializer: str = "default"
    optimizer: str = "sgd"
    schedule: str = schedules.CONSTANT
    batch: int = 64
    steps: int = 200
    evaluate_every: int = 0
    stop_at: float = 0.0
    keep_predictions: bool = False
    seed: int = 0
    backend: str = field(default_factory=backend)
    precision: str = "float32"
    probes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_values(self)
        self._set("learning_rate", float(self.learning_rate))
        self._set("stop_at", float(self.stop_at))
        self._set("normalizer", normalizers.canonical(self.normalizer))
        self._set("schedule", schedules.canonical(self.schedule))
        for name in CHOOSERS:
            self._set(name, self.of(name).text)
        probes = sorted({choose_probe(probe, self.steps).text for probe in self.probes})
        self._set("probes", tuple(probes))
        drawn = self.of("model").arguments.get("deviation")
        if drawn and self.initializer != "default":
            raise BadInput(
                f"Invalid initializer={self.initializer!r}: the model says deviation={drawn}; "
                "leave one of them out"
            )
        if is_user_object(self.of("model").name) and self.initializer != "default":
            raise BadInput(
                f"Invalid initializer={self.initializer!r}: your own model draws its own weights; "
                "leave it out"
            )

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def of(self, name: str) -> Chosen:
        """The spec of a field, read: its name and all its arguments.

        Args:
            name: "model", "data", "optimizer" or "initializer".
        """
        return CHOOSERS[name](getattr(self, name))

    @functools.cached_property
    def key(self) -> str:
        """16 hexadecimal digits that name the training: the hash of its content.

        What is at its default is left out, so that a field which comes later changes no key. For
        your own objects the files that they stand in are hashed with it.
        """
        given = {f.name: (getattr(self, f.name), f.default) for f in fields(self)}
        del given["probes"]
        kept = {name: value for name, (value, default) in given.items() if value != default}
        return _hash(kept | self._sources())

    def _sources(self) -> dict[str, Any]:
        named = {name: self.of(name).name for name in ("model", "data", "optimizer")}
        named["normalizer"] = self.normalizer.partition(":")[0]
        found = {of: digest(of, name) for of, name in named.items() if is_user_object(name)}
        return {"sources": tuple(found.items())} if found else {}

    @functools.cached_property
    def parts(self) -> dict[str, str]:
        """The record keys of what the run brings: "" is the training, the others are its probes."""
        made = {"": self.key}
        for probe in self.probes:
            name = choose_probe(probe, self.steps).name
            source = digest("probes", name) if is_user_object(name) else ""
            made[probe] = f"{self.key}-{_hash([probe, source])}"
        return made

    @functools.cached_property
    def program(self) -> tuple[tuple[str, Any], ...]:
        """What a program is compiled for: all but what it takes as an argument.

        Of the L2 weight only whether there is one.
        """
        optimizer = self.of("optimizer")
        # SGD steps by the gradient, into which a variable's own rate can be multiplied.
        parts = optimizer.name != "sgd" and optimizer.arguments["applies_to"] != PARTS[0]
        content = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ARGUMENTS}
        content["data"] = without(self.of("data"), *EACH_EPOCH)
        content["optimizer"] = without(optimizer, *SHARED), optimizer.arguments["l2"] > 0, parts
        return tuple(content.items()) + tuple(self._sources().items())

    @property
    def images(self) -> str:
        """The data's spec without what is drawn from the run's seed: runs may share the arrays."""
        return without(self.of("data"), *EACH_EPOCH, *MOVED)

    @property
    def streamed(self) -> bool:
        """Whether its images come as a stream, and `fit` trains."""
        return is_stream(self.of("data"))

    @property
    def effort(self) -> float:
        """About what it costs, in steps of one small dense layer."""
        model, data = self.of("model"), self.of("data")
        batch = self.batch or data.arguments["examples"] or 1000
        cost = MODELS[model.name].cost if model.name in MODELS else _price_of_yours
        return self.steps * cost(model.arguments, pixels(data), batch)

    @property
    def title(self) -> str:
        """A few words that tell it from others of its experiment."""
        depth = self.of("model").arguments.get("depth")
        deep = "" if depth is None else f", depth {depth}"
        return f"{self.normalizer}{deep}, learning rate {self.learning_rate:.3g}, seed {self.seed}"

    def check(self) -> None:
        """Raises BadInput for what only Keras can tell: the backend, and the normalizer's layer."""
        from keras_norms.lab.provenance import require_backend

        require_backend(self.backend)
        normalizers.scheme(self.normalizer)

    def do(self, bench: Bench) -> dict[str, dict[str, Any]]:
        """Trains it: JSON-ready contents by the name of the part, of all that `bench` misses.

        Raises:
            BadInput: see `keras_norms.lab.training.train`.
        """
        from keras_norms.lab.training.bench import do

        return do(self, bench)

    def finished(self, bench: Bench) -> None:
        """Its records are stored, so its checkpoint is removed."""
        from keras_norms.lab.training.bench import forget

        forget(self, bench)

    def only(self, parts: Collection[str]) -> Run:
        """The same training with those of its probes that are among `parts`."""
        return replace(self, probes=tuple(probe for probe in self.probes if probe in parts))

    def joined(self, other: Run) -> Run:
        """The same training with the probes of both."""
        return replace(self, probes=self.probes + other.probes)

    def read(self, parts: Mapping[str, Mapping[str, Any]]) -> Outcome:
        """The outcome that `do` has described, with the answers of the probes that are there.

        Raises:
            BadInput: another version wrote it.
        """
        return Outcome.from_parts(self, parts)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"probes": list(self.probes)}

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Run:
        """The run that `as_dict` described.

        Raises:
            BadInput: fields that a run of this version does not have, or lacks.
        """
        content = known_fields(cls, content, "a run")
        return cls(**content | {"probes": tuple(content.get("probes", ()))})


def _price_of_yours(arguments: Any, pixels: int, batch: int) -> float:
    return 100.0


def _hash(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
