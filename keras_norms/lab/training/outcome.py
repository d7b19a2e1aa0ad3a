"""What came of a run: its curve, the verdict on it, and what it cost."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from keras_norms.lab.edges.verdict import Verdict
from keras_norms.lab.errors import BadInput
from keras_norms.lab.training.run import Run
from keras_norms.lab.training.schema import known_fields

COLUMNS = ("step", "train_loss", "train_accuracy", "test_loss", "test_accuracy")


@dataclass(frozen=True)
class Cost:
    """What a run cost, in seconds; `compile_seconds` is this run's share of the program's."""

    cpu_seconds: float
    wall_seconds: float
    compile_seconds: float


@dataclass(frozen=True)
class Outcome:
    """The result of a run.

    Attributes:
        run: the run.
        verdict: blew up, trained or untrained.
        blew_up_at: step, from zero, at which the loss passed the limit; None if it never did.
        curve: equally long columns, a row an evaluation: `step` (how many steps were done),
            `train_loss` and `train_accuracy` (means over the steps since the row before),
            `test_loss` and `test_accuracy`. Losses of a blown-up run may be NaN or infinite.
        probed: what a probe answered, a row an evaluation; empty where there was none.
        cost: seconds; two outcomes of equal runs are equal whatever they cost.
    """

    run: Run
    verdict: Verdict
    blew_up_at: int | None
    curve: dict[str, tuple[float, ...]]
    cost: Cost = field(compare=False)
    probed: tuple[Mapping[str, Any], ...] = ()

    def final(self, metric: str) -> float:
        """The last value of a column of the curve."""
        return self.curve[metric][-1]

    def __eq__(self, other: object) -> bool:
        # NaN is equal to itself here: two runs that end in NaN at the same step are the same.
        if not isinstance(other, Outcome):
            return NotImplemented
        return self._content() == other._content()

    def __hash__(self) -> int:
        return hash(self.run)

    def _content(self) -> dict[str, Any]:
        return {key: value for key, value in self.as_dict().items() if key != "cost"}

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready: numbers that JSON cannot hold become strings."""
        return {
            "run": self.run.as_dict(),
            "verdict": str(self.verdict),
            "blew_up_at": self.blew_up_at,
            "curve": {name: to_json(column) for name, column in self.curve.items()},
            "cost": asdict(self.cost),
            "probed": [{name: to_json(row[name]) for name in row} for row in self.probed],
        }

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Outcome:
        """The outcome that `as_dict` described.

        Raises:
            BadInput: fields, columns or a verdict that an outcome of this version does not have,
                or lacks.
        """
        content = known_fields(cls, content, "an outcome")
        run = Run.from_dict(content["run"])
        if set(content["curve"]) != set(COLUMNS):
            raise BadInput(f"a curve has the columns {COLUMNS}, not {tuple(content['curve'])}")
        if content["verdict"] not in set(Verdict):
            raise BadInput(f"verdict={content['verdict']!r} is none of {[*map(str, Verdict)]}")
        return cls(
            run=run,
            verdict=Verdict(content["verdict"]),
            blew_up_at=content["blew_up_at"],
            curve={name: tuple(map(from_json, content["curve"][name])) for name in COLUMNS},
            cost=Cost(**known_fields(Cost, content["cost"], "a cost")),
            probed=tuple(
                {name: from_json(row[name]) for name in row} for row in content.get("probed", ())
            ),
        )


def to_json(value: Any) -> Any:
    """Numbers in (nested) lists, those that JSON cannot hold as strings."""
    if isinstance(value, list | tuple):
        return [to_json(each) for each in value]
    return value if math.isfinite(value) else str(value)


def from_json(value: Any) -> Any:
    """What `to_json` was given, with lists for tuples."""
    if isinstance(value, list):
        return [from_json(each) for each in value]
    return float(value) if isinstance(value, str) else value
