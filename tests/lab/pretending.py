"""Training that is pretended: an outcome by rule, at once, and a list of what was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from keras_norms.lab.edges.verdict import Verdict
from keras_norms.lab.training import Cost, Outcome, Run


def outcome(run: Run, verdict: Verdict, accuracies: tuple[float, ...] = (0.5, 0.9)) -> Outcome:
    """An outcome with the given test accuracies at even distances."""
    points = len(accuracies)
    blew_up = verdict is Verdict.BLEW_UP
    loss = float("nan") if blew_up else 1.0
    return Outcome(
        run=run,
        verdict=verdict,
        blew_up_at=run.steps - 1 if blew_up else None,
        curve={
            "step": tuple(run.steps * (k + 1) / points for k in range(points)),
            "train_loss": (loss,) * points,
            "train_accuracy": accuracies,
            "test_loss": (loss,) * points,
            "test_accuracy": accuracies,
        },
        cost=Cost(1.0, 2.0, 3.0),
    )


def by_rate(run: Run) -> Outcome:
    """Trains from 0.01 to 0.5, blows up above 3."""
    if run.learning_rate > 3:
        return outcome(run, Verdict.BLEW_UP, (0.1, 0.3))
    if 0.01 <= run.learning_rate <= 0.5:
        return outcome(run, Verdict.ALIVE)
    return outcome(run, Verdict.UNTRAINED, (0.1, 0.1))


@dataclass
class Pretended:
    """In the place of `train`; `before` is called with each run that is about to be trained."""

    rule: Callable[[Run], Outcome] = by_rate
    before: Callable[[Run], Any] = lambda run: None
    trained: list[Run] = field(default_factory=list)

    def __call__(
        self,
        runs: Iterable[Run],
        *,
        data_dir: Any = None,
        on_step: Callable[[Run, int], None],
        on_point: Callable[[Run, dict[str, float]], None] = lambda run, point: None,
    ) -> Iterator[Outcome]:
        for run in runs:
            self.before(run)
            self.trained.append(run)
            on_step(run, run.steps)
            outcome = self.rule(run)
            for row in zip(*outcome.curve.values(), strict=True):
                on_point(run, dict(zip(outcome.curve, row, strict=True)))
            yield outcome


def run(learning_rate: float = 0.1, seed: int = 0, **fields: Any) -> Run:
    return Run(
        **{"depth": 2, "width": 8, "steps": 20, **fields}, learning_rate=learning_rate, seed=seed
    )
