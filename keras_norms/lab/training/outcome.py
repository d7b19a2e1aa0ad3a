"""What came of a run: its curve, the verdict on it, and what it cost."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from keras_norms.lab.stability.verdict import Verdict
from keras_norms.lab.training.run import Run

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
            "curve": {name: _to_json(column) for name, column in self.curve.items()},
            "cost": asdict(self.cost),
            "probed": [{name: _to_json(row[name]) for name in row} for row in self.probed],
        }

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Outcome:
        curve = {name: tuple(map(_from_json, values)) for name, values in content["curve"].items()}
        return cls(
            run=Run.from_dict(content["run"]),
            verdict=Verdict(content["verdict"]),
            blew_up_at=content["blew_up_at"],
            curve=curve,
            cost=Cost(**content["cost"]),
            probed=tuple(
                {name: _from_json(row[name]) for name in row} for row in content.get("probed", ())
            ),
        )


def _to_json(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_to_json(each) for each in value]
    return value if math.isfinite(value) else str(value)


def _from_json(value: Any) -> Any:
    if isinstance(value, list):
        return [_from_json(each) for each in value]
    return float(value) if isinstance(value, str) else value
