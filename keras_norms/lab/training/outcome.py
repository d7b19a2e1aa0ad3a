"""What came of a run: its curve, the verdict on it, and what it cost."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_norms.lab.edges.verdict import Verdict
from keras_norms.lab.errors import BadInput
from keras_norms.lab.training.schema import known_fields

if TYPE_CHECKING:
    from keras_norms.lab.training.run import Run

COLUMNS = ("step", "train_loss", "train_accuracy", "test_loss", "test_accuracy")
STORED = ("verdict", "blew_up_at", "curve", "losses", "accuracies", "predictions", "correct")
STORED += ("cost",)


@dataclass(frozen=True)
class Cost:
    """What a run cost, in seconds; `compile_seconds` is this run's share of the program's."""

    cpu_seconds: float
    wall_seconds: float
    compile_seconds: float


@dataclass(frozen=True, eq=False)
class Outcome:
    """The result of a run. Two are equal where all but what they cost is, NaN for NaN.

    Attributes:
        run: the run.
        verdict: what became of it.
        blew_up_at: step, from zero, at which the loss passed the limit; None if it never did.
        curve: equally long columns, a row an evaluation: `step` (how many steps were done),
            `train_loss` and `train_accuracy` (means over the steps since the row before),
            `test_loss` and `test_accuracy`. Losses of a blown-up run may be NaN or infinite.
        losses, accuracies: of each training step's batch, float32; of streams, means of pieces.
        predictions: class of each test image at the end, uint8; None where they are not kept.
        correct: whether each is the image's own class; likewise.
        cost: seconds.
        probed: by probe, a row a look, each with its `step`.
    """

    run: Run
    verdict: Verdict
    blew_up_at: int | None
    curve: dict[str, tuple[float, ...]]
    cost: Cost
    losses: np.ndarray
    accuracies: np.ndarray
    predictions: np.ndarray | None = None
    correct: np.ndarray | None = None
    probed: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)

    def final(self, metric: str) -> float:
        """The last value of a column of the curve."""
        return self._column(metric)[-1]

    def best(self, metric: str) -> float:
        """The largest accuracy, or the smallest loss, of a column of the curve."""
        return (max if metric.endswith("accuracy") else min)(self._column(metric))

    def steps_to(self, metric: str, level: float) -> float:
        """Steps to the first evaluation at which an accuracy is at least, a loss at most `level`.

        Infinite where none is.
        """
        sign = 1 if metric.endswith("accuracy") else -1
        rows = zip(self.curve["step"], self._column(metric), strict=True)
        return next((step for step, value in rows if sign * value >= sign * level), math.inf)

    def _column(self, metric: str) -> tuple[float, ...]:
        if metric not in self.curve:
            raise BadInput(f"Invalid metric={metric!r}: must be one of {COLUMNS}")
        return self.curve[metric]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Outcome):
            return NotImplemented
        return self._content() == other._content()

    def __hash__(self) -> int:
        return hash(self.run)

    def _content(self) -> dict[str, Any]:
        return self.parts() | {"": {**self.as_dict(), "cost": None}}

    def parts(self) -> dict[str, dict[str, Any]]:
        """JSON-ready contents of the records: "" is the training's, the others are its probes'."""
        rows = {probe: {"rows": to_json(rows)} for probe, rows in self.probed.items()}
        return {"": self.as_dict(), **rows}

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, without what probes answered; numbers that JSON cannot hold are strings."""
        return {
            "run": {**self.run.as_dict(), "probes": []},
            "verdict": str(self.verdict),
            "blew_up_at": self.blew_up_at,
            "curve": {name: to_json(column) for name, column in self.curve.items()},
            "losses": _packed(self.losses, "<f4"),
            "accuracies": _packed(self.accuracies, "<f4"),
            "predictions": None if self.predictions is None else _packed(self.predictions, "u1"),
            "correct": None if self.correct is None else _packed_bits(self.correct),
            "cost": asdict(self.cost),
        }

    @classmethod
    def from_parts(cls, run: Run, parts: Mapping[str, Mapping[str, Any]]) -> Outcome:
        """The outcome of `run` that `parts` described; answers that are not there are left out.

        Raises:
            BadInput: fields, columns or a verdict that an outcome of this version does not have,
                or lacks.
        """
        content = dict(parts[""])
        if lacking := sorted({"run", *STORED} - set(content)):
            raise BadInput(f"an outcome lacks its field {lacking[0]!r}; this has {sorted(content)}")
        if unknown := sorted(set(content) - {"run", *STORED}):
            raise BadInput(f"an outcome has no field {unknown[0]!r}; it has {sorted(STORED)}")
        if set(content["curve"]) != set(COLUMNS):
            raise BadInput(f"a curve has the columns {COLUMNS}, not {tuple(content['curve'])}")
        if content["verdict"] not in set(Verdict):
            raise BadInput(f"verdict={content['verdict']!r} is none of {[*map(str, Verdict)]}")
        kept, correct = content["predictions"], content["correct"]
        return cls(
            run=run,
            verdict=Verdict(content["verdict"]),
            blew_up_at=content["blew_up_at"],
            curve={name: tuple(from_json(content["curve"][name])) for name in COLUMNS},
            cost=Cost(**known_fields(Cost, content["cost"], "a cost")),
            losses=_unpacked(content["losses"], "<f4"),
            accuracies=_unpacked(content["accuracies"], "<f4"),
            predictions=None if kept is None else _unpacked(kept, "u1"),
            correct=None if correct is None else _unpacked_bits(correct),
            probed={name: from_json(part["rows"]) for name, part in parts.items() if name},
        )


def to_json(value: Any) -> Any:
    """Numbers in (nested) lists and dicts; those that JSON cannot hold as strings."""
    if isinstance(value, Mapping):
        return {name: to_json(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def from_json(value: Any) -> Any:
    """What `to_json` was given, tuples as lists."""
    if isinstance(value, Mapping):
        return {name: from_json(each) for name, each in value.items()}
    if isinstance(value, list):
        return [from_json(each) for each in value]
    return float(value) if value in ("nan", "inf", "-inf") else value


def _packed(values: np.ndarray, kind: str) -> str:
    return base64.b64encode(np.ascontiguousarray(values, kind)).decode()


def _packed_bits(values: np.ndarray) -> list[Any]:
    return [len(values), _packed(np.packbits(values), "u1")]


def _unpacked_bits(content: Sequence[Any]) -> np.ndarray:
    return np.unpackbits(_unpacked(content[1], "u1"), count=content[0]).astype(bool)


def _unpacked(text: str, kind: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), kind)
